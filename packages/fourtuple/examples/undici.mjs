import * as undici from 'undici';
import { createDispatcher } from 'fourtuple/pool/undici';

const { dispatcher, close } = createDispatcher(undici, { sources: '127.0.0.2-127.0.0.5', max: 50 });
const { body } = await undici.request(`http://127.0.0.1:${process.argv[2]}/`, { dispatcher });
process.stdout.write(await body.text());
await close();
