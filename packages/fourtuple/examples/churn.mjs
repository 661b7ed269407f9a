// 20 minutes of a pool's churn in 90 seconds, beside the planner's formula: ports <= size * (1 + T / L).
// node churn.mjs [--short] [--json]: as root, as it runs in a network namespace of its own, with tcp_tw_reuse=0.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createTcpPool } from 'fourtuple/pool';
import { closingSeconds, poolPorts } from 'fourtuple/plan';
import { isInside, obstacle, portsInUse, runInNamespace, setSysctl } from './own-namespace.mjs';

const port = 8080;
/** A pool of 50 that renews each connection after a minute replaces some 1,150 in 20 minutes; here as many in 90 s. */
const long = { size: 50, lifetimeMs: 4500, seconds: 90 };
const short = { size: 20, lifetimeMs: 1000, seconds: 6 };
/** Each lives up to a quarter shorter. */
const SHORTEST = 0.75;

async function run({ size, lifetimeMs, seconds }) {
  setSysctl('tcp_tw_reuse', '0');
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const pool = createTcpPool({ host: '127.0.0.1', port, max: size, maxLifetimeMs: lifetimeMs });
  let isOver = false;
  const worker = async () => {
    while (!isOver) {
      await pool.use(async (socket) => {
        socket.write('question\n');
        await once(socket, 'data');
        // As long as a connection is lent it is not renewed.
        await new Promise((resolve) => setTimeout(resolve, 10));
      });
    }
  };
  const workers = Array.from({ length: size }, worker);
  // TIME_WAIT lasts as long as it does, and in the first minute none of it ends: what is in use by then is less.
  const timeWaitSeconds = closingSeconds('we');
  const shortestSeconds = (lifetimeMs * SHORTEST) / 1000;
  const rows = [];
  const started = performance.now();
  for (let second = 1; second <= seconds; second++) {
    await new Promise((resolve) => setTimeout(resolve, started + second * 1000 - performance.now()));
    const { ports, live, timeWait } = portsInUse(port);
    const elapsed = (performance.now() - started) / 1000;
    rows.push({ second, live, timeWait, ports, made: pool.stats().created, bound: poolPorts(size, shortestSeconds, 1, Math.min(elapsed, timeWaitSeconds)) });
  }
  isOver = true;
  await Promise.all(workers);
  await pool.close();
  return { size, lifetimeMs, bound: poolPorts(size, shortestSeconds, 1, timeWaitSeconds), rows };
}

const words = process.argv.slice(2);
const form = words.includes('--short') ? short : long;
if (isInside()) {
  process.stdout.write(JSON.stringify(await run(form)), () => process.exit());
} else if (obstacle() !== undefined) {
  process.stderr.write(`churn: ${obstacle()}\n`);
  process.exitCode = 77;
} else {
  const printed = runInNamespace(fileURLToPath(import.meta.url), ...words);
  if (words.includes('--json')) process.stdout.write(`${printed}\n`);
  else report(JSON.parse(printed));
}

function report({ size, lifetimeMs, bound, rows }) {
  const line = (...cells) => process.stdout.write(`${cells.map((cell) => String(cell).padStart(11)).join('')}\n`);
  process.stdout.write(`A pool of ${size} whose connections are renewed after ${lifetimeMs / 1000} s at most: the planner says ${Math.ceil(bound)} ports at most.\n`);
  line('second', 'made', 'live', 'TIME_WAIT', 'ports', 'formula');
  for (const row of rows) line(row.second, row.made, row.live, row.timeWait, row.ports, Math.ceil(row.bound));
}
