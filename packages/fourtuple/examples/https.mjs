import { get } from 'node:https';
import { HttpsAgent } from 'fourtuple/pool/http';

const agent = new HttpsAgent({ sources: '127.0.0.2-127.0.0.5', maxSockets: 50 });
get({ host: '127.0.0.1', port: Number(process.argv[2]), servername: 'localhost', agent }, (response) => {
  response.pipe(process.stdout);
  response.on('end', () => agent.destroy());
});
