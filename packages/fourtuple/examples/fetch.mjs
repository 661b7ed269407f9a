import * as undici from 'undici';
import { createDispatcher } from 'fourtuple/pool/undici';

const { dispatcher, close } = createDispatcher(undici, { sources: '127.0.0.2-127.0.0.5', max: 50 });
undici.setGlobalDispatcher(dispatcher);
const response = await fetch(`http://127.0.0.1:${process.argv[2]}/`);
process.stdout.write(await response.text());
await close();
