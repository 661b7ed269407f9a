// Runs a program again in a network namespace of its own, where it may set what it likes and ends with all it leaves behind.
import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';

const variable = 'FOURTUPLE_EXAMPLE_OUTSIDE';
const namespace = () => readlinkSync('/proc/self/ns/net');

/** True in the namespace that {@link runInNamespace} made. */
export function isInside() {
  const outside = process.env[variable];
  return outside !== undefined && outside !== namespace();
}

/** Why no namespace can be made here; undefined if one can. */
export function obstacle() {
  if (process.platform !== 'linux') return 'network namespaces are of Linux';
  if (process.getuid() !== 0) return 'making a network namespace takes root';
  for (const [program, ...words] of [['unshare', '--version'], ['ip', '-Version']]) {
    if (spawnSync(program, words).error !== undefined) return `${program} is not installed`;
  }
  const { status, stderr } = spawnSync('unshare', ['--net', 'true'], { encoding: 'utf8' });
  return status === 0 ? undefined : stderr.trim();
}

/** Runs the file with these arguments inside. @returns what it printed @throws Error if it failed */
export function runInNamespace(file, ...words) {
  const inside = ['sh', '-c', 'ip link set lo up && exec "$@"', 'sh', process.execPath, file, ...words];
  const { status, stdout } = spawnSync('unshare', ['--net', ...inside], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, [variable]: namespace() } });
  if (status !== 0) throw new Error(`${words.join(' ')}: ended with status ${status}`);
  return stdout;
}

/** Sets one of net.ipv4, of the own namespace alone. */
export function setSysctl(name, value) {
  if (!isInside()) throw new Error('not in a namespace of its own');
  writeFileSync(`/proc/sys/net/ipv4/${name}`, value);
}

const ESTABLISHED = '01';
const SYN_SENT = '02';
const TIME_WAIT = '06';

/** Client ends to a port on 127.0.0.1, as the kernel has them: all, those that live, those in TIME_WAIT. The rest is being closed. */
export function portsInUse(port) {
  const remote = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const ends = readFileSync('/proc/net/tcp', 'latin1').split('\n').map((line) => line.trim().split(/\s+/)).filter((fields) => fields[2] === remote);
  const inState = (...states) => ends.filter((fields) => states.includes(fields[3])).length;
  return { ports: ends.length, live: inState(ESTABLISHED, SYN_SENT), timeWait: inState(TIME_WAIT) };
}
