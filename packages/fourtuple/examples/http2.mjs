import { connect } from 'node:http2';
import { createConnector } from 'fourtuple/pool';
import { http2Connection } from 'fourtuple/pool/http';

const connector = createConnector({ sources: '127.0.0.2-127.0.0.5' });
const session = connect(`https://127.0.0.1:${process.argv[2]}`, { createConnection: http2Connection(connector, { servername: 'localhost' }) });
const request = session.request({ ':path': '/' });
for await (const chunk of request) process.stdout.write(chunk);
session.close();
