import { connect } from 'node:tls';
import { createConnector } from 'fourtuple/pool';

const connector = createConnector({ sources: '127.0.0.2-127.0.0.5' });
const tcp = connector.connect({ host: '127.0.0.1', port: Number(process.argv[2]) });
const socket = connect({ socket: tcp, servername: 'localhost' });
socket.end('hello\n');
for await (const chunk of socket) process.stdout.write(chunk);
