// 1,000 tasks to one service on a host with 200 ports and tcp_tw_reuse=0: with a connection for each, and with pools.
// node seed-scenario.mjs [--json]: as root, as each way runs in a network namespace of its own.
import { once } from 'node:events';
import { createServer as createHttpServer, get } from 'node:http';
import { connect, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createTcpPool } from 'fourtuple/pool';
import { HttpAgent } from 'fourtuple/pool/http';
import { isInside, obstacle, portsInUse, runInNamespace, setSysctl } from './own-namespace.mjs';

const TASKS = 1000;
const PORTS = 200;
const ABREAST = 20;
const port = 8080;
const address = { host: '127.0.0.1', port };

/** A question and its answer. */
async function ask(socket) {
  socket.write('question\n');
  await once(socket, 'data');
}

const ways = {
  unpooled: {
    title: 'a connection for each task',
    serve: () => createServer((socket) => socket.pipe(socket)),
    prepare: () => ({
      async task() {
        const socket = connect(address);
        await once(socket, 'connect');
        await ask(socket);
        // The client closes first, so that TIME_WAIT and the port are its own.
        socket.end();
        await once(socket, 'close');
      },
    }),
  },
  'tcp-pool': {
    title: 'createTcpPool()',
    serve: () => createServer((socket) => socket.pipe(socket)),
    prepare() {
      const pool = createTcpPool({ ...address, max: ABREAST });
      return { task: () => pool.use(ask), close: () => pool.close() };
    },
  },
  'http-agent': {
    title: 'HttpAgent',
    serve: () => createHttpServer((_, response) => response.end('answer')),
    prepare() {
      const agent = new HttpAgent({ maxSockets: ABREAST });
      return { task: () => fetched(agent), close: () => agent.destroy() };
    },
  },
};

async function fetched(agent) {
  const [response] = await once(get({ ...address, agent }), 'response');
  response.resume();
  await once(response, 'end');
}

/** Does the tasks, some at a time. */
async function run({ serve, prepare }) {
  setSysctl('ip_local_port_range', `40000 ${40000 + PORTS - 1}`);
  setSysctl('tcp_tw_reuse', '0');
  const server = serve().on('connection', (socket) => socket.on('error', () => {})).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const before = portsInUse(port).timeWait;
  const { task, close } = prepare();
  const errors = {};
  let finished = 0;
  let left = TASKS;
  const worker = async () => {
    while (left-- > 0) {
      try {
        await task();
        finished++;
      } catch ({ code }) {
        errors[code] = (errors[code] ?? 0) + 1;
      }
    }
  };
  await Promise.all(Array.from({ length: ABREAST }, worker));
  const { live, timeWait } = portsInUse(port);
  await close?.();
  return { finished, errors, live, timeWait: { before, after: timeWait } };
}

const [way] = process.argv.slice(2);
if (isInside()) {
  process.stdout.write(JSON.stringify(await run(ways[way])), () => process.exit());
} else if (obstacle() !== undefined) {
  process.stderr.write(`seed-scenario: ${obstacle()}\n`);
  process.exitCode = 77;
} else {
  const file = fileURLToPath(import.meta.url);
  const results = Object.entries(ways).map(([name, { title }]) => ({ name, title, ...JSON.parse(runInNamespace(file, name)) }));
  if (way === '--json') process.stdout.write(`${JSON.stringify(results)}\n`);
  else report(results);
}

function report(results) {
  const rows = results.map(({ title, finished, errors, live, timeWait }) => [title, `${finished}`, Object.entries(errors).map(([code, count]) => `${count} ${code}`).join(', ') || 'none', `${live}`, `${timeWait.before}`, `${timeWait.after}`]);
  const table = [['way', `finished of ${TASKS}`, 'failed', 'connections', 'TIME_WAIT before', 'after'], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  for (const row of table) process.stdout.write(`${row.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd()}\n`);
}
