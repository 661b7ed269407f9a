// FOURTUPLE_SOURCES=127.0.0.2-127.0.0.5 node --import fourtuple/register preload.mjs PORT
import { get } from 'node:http';

get({ host: '127.0.0.1', port: Number(process.argv[2]) }, (response) => response.pipe(process.stdout));
