import { createConnector, tlsConnect } from 'fourtuple/pool';

const connector = createConnector({ sources: '127.0.0.2-127.0.0.5' });
const socket = tlsConnect(connector, { host: '127.0.0.1', port: Number(process.argv[2]), servername: 'localhost' });
socket.end('hello\n');
for await (const chunk of socket) process.stdout.write(chunk);
