import { get } from 'node:http';
import { HttpAgent } from 'fourtuple/pool/http';

const agent = new HttpAgent({ sources: '127.0.0.2-127.0.0.5', maxSockets: 50 });
get({ host: '127.0.0.1', port: Number(process.argv[2]), agent }, (response) => {
  response.pipe(process.stdout);
  response.on('end', () => agent.destroy());
});
