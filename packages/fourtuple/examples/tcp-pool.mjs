import { once } from 'node:events';
import { createTcpPool } from 'fourtuple/pool';

const pool = createTcpPool({ host: '127.0.0.1', port: Number(process.argv[2]), max: 20, sources: '127.0.0.2-127.0.0.5' });
const answer = await pool.use(async (socket) => {
  socket.write('hello\n');
  return (await once(socket, 'data'))[0];
});
process.stdout.write(answer);
await pool.close();
