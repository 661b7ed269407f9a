import { sysctlFolders } from '../../src/knobs/files/index.ts';
import type { Random } from './random.ts';

export interface TreeFile {
  readonly path: string;
  /** Bytes, a link to /dev/null, a link to nowhere, or a folder. */
  readonly content: Uint8Array | 'masked' | 'dangling' | 'folder';
}

interface Key {
  readonly path: string;
  readonly values: readonly string[];
  readonly refused: readonly string[];
}

const LONG_LIST = Array.from({ length: 2000 }, (_, index) => 1000 + 2 * index).join(',');

const rpFilter = (name: string): Key => ({ path: `net/ipv4/conf/${name}/rp_filter`, values: ['0', '1', '2', '1 # strict'], refused: [] });

/** Keys of which every network namespace has its own. A refused rp_filter would no longer follow conf.default: none here. */
const keys: readonly Key[] = [
  { path: 'net/ipv4/ip_local_port_range', values: ['1024 65000', '20000\t30000', '32768   60999', '15000 16000 # few'], refused: ['x', '9000 8000', '"1024 65000"', ''] },
  { path: 'net/ipv4/tcp_tw_reuse', values: ['0', '1', '2'], refused: ['3', 'x', ''] },
  { path: 'net/ipv4/tcp_fin_timeout', values: ['10', '20', '0x1e', '40 ; long'], refused: ['x', '"30"', '30#', ''] },
  { path: 'net/ipv4/tcp_keepalive_time', values: ['100', '200', '300'], refused: ['x', '=100'] },
  { path: 'net/ipv4/ip_local_reserved_ports', values: ['', '8080', '3000-3010,9000', LONG_LIST], refused: ['x', '70000'] },
  ...['all', 'default', 'lo', 'eth0.1', 'veth1'].map(rpFilter),
];

/** Those that the trees set. */
export const treeKeys: readonly string[] = keys.map(({ path }) => path);

/** Whether the kernel takes a value of the trees. */
export function acceptsTreeValue(path: string, value: string): boolean {
  return keys.find((key) => key.path === path)?.refused.includes(value) !== true;
}

/** Patterns, each with a key whose values it sets. */
const patterns: readonly (readonly [string, string])[] = [
  'net.ipv4.conf.*.rp_filter',
  'net/ipv4/conf/*/rp_filter',
  'net.ipv4.conf.[!ad]*.rp_filter',
  'net.ipv4.conf.eth*.rp_filter',
  'net.ipv4.conf.eth0/?.rp_filter',
  'net.ipv4.conf.?o.rp_filter',
  'net/ipv4//conf/*/rp_filter',
  'net/ipv4/conf/*//rp_filter',
  './net/ipv4/conf/l*/rp_filter',
  'net/ipv4/conf/*/../lo/rp_filter',
  'net/ipv4/conf/[[:alpha:]]o/rp_filter',
  String.raw`net/ipv4/conf/v*/rp\_filter`,
  'net/ipv4/conf/[lo/rp_filter',
  'net/ipv4/*/[a-dl]*/rp_filter',
  'net/ipv4/conf/*/rp_filter/',
  'net/ipv4/conf/l*///rp_filter//',
  'net/ipv4/conf/lo/rp_filte[r]/',
  'net.*.conf.all.rp_filter',
  'net/ipv4/conf/*/rp_[f]ilter',
  '/net/ipv4/conf/*/rp_filter',
  'net/ipv4/conf/[^a-k]*/rp_filter',
].map((pattern) => [pattern, 'net/ipv4/conf/all/rp_filter'] as const);

const morePatterns: readonly (readonly [string, string])[] = [
  ['net.ipv4.tcp_fin_*out', 'net/ipv4/tcp_fin_timeout'],
  ['net.ipv?.tcp_tw_reus[e]', 'net/ipv4/tcp_tw_reuse'],
  ['net/*/ip_local_port_r?nge', 'net/ipv4/ip_local_port_range'],
  ['net.ipv4.tcp_keepalive_[t]*', 'net/ipv4/tcp_keepalive_time'],
  ['net/ipv4/ip_*_reserved_ports', 'net/ipv4/ip_local_reserved_ports'],
];

const names = ['10-a.conf', '10-a.conf', '50-b.conf', '50-b.conf', '99-z.conf', 'B.conf', '.conf', 'é.conf', '\u{1f600}.conf', '\uffee.conf', 'a.txt', 'a.conf~', 'conf'];

/** Files as administrators, packages and accidents leave them. */
export function sysctlTree(random: Random): TreeFile[] {
  const files = new Map<string, TreeFile>();
  for (const folder of sysctlFolders) {
    for (let left = random.between(0, 3); left > 0; left--) add(`${folder}/${random.pick(names)}`);
  }
  if (random.chance(0.7)) add('/etc/sysctl.conf');
  return [...files.values()];

  function add(path: string): void {
    const content = random.chance(0.88) ? text(random) : random.pick(['masked', 'dangling', 'folder'] as const);
    files.set(path, { path, content });
  }
}

function text(random: Random): Uint8Array {
  const lines = Array.from({ length: random.between(0, 12) }, () => `${line(random)}${random.chance(0.1) ? '\r\n' : '\n'}`).join('');
  const all = random.chance(0.2) ? lines.slice(0, -1) : lines;
  return random.chance(0.05) ? Buffer.concat([Buffer.from([0xff, 0xfe, 0x0a]), Buffer.from(all)]) : Buffer.from(all);
}

function line(random: Random): string {
  const indent = random.pick(['', '', '', ' ', '\t', ' \v']);
  switch (random.pick(['setting', 'setting', 'setting', 'pattern', 'pattern', 'exclusion', 'other'] as const)) {
    case 'setting':
      return `${indent}${setting(random)}`;
    case 'pattern': {
      const [pattern, path] = random.pick([...patterns, ...morePatterns]);
      return `${indent}${dash(random)}${pattern}${assigned(random, path)}`;
    }
    case 'exclusion':
      return `${indent}-${random.chance(0.2) ? random.pick(patterns)[0] : spelling(random, random.pick(keys).path)}${random.pick(['', ' ', '\t '])}`;
    case 'other':
      return other(random, indent);
  }
}

function setting(random: Random): string {
  const { path } = random.pick(keys);
  return `${dash(random)}${spelling(random, path)}${assigned(random, path)}`;
}

function other(random: Random, indent: string): string {
  const made = setting(random);
  return random.pick([
    '',
    indent,
    'x',
    '-',
    '- ',
    '=',
    '-=1',
    '[net]',
    `${indent}# ${made}`,
    `${indent};${made}`,
    `\0${made}`,
    `${made}\0 9`,
    made.replace('=', ' '),
    made.replace('=', '\0='),
    `- ${made}`,
    `\ufeff${made}`,
    `sysctl -w ${made}`,
    `/proc/sys/${made}`,
    `net/../${made}`,
    `nothing/../${made}`,
    'net.ipv4 = 1',
    'net.ipv4.nothing = 1',
    `net/${'./'.repeat(2020)}ipv4/tcp_fin_timeout = 50`,
    `net/${'./'.repeat(2100)}ipv4/tcp_fin_timeout = 50`,
    `# ${'long '.repeat(20_000)}`,
    `${made}${' '.repeat(20_000)}`,
  ]);
}

function dash(random: Random): string {
  return random.pick(['', '', '', '', '-', '--']);
}

function assigned(random: Random, path: string): string {
  const { values, refused } = keys.find((key) => key.path === path)!;
  const value = refused.length > 0 && random.chance(0.2) ? random.pick(refused) : random.pick(values);
  return `${random.pick(['=', ' = ', '\t=', '= \t', '  =  '])}${value}${random.pick(['', '', ' ', '\t \f'])}`;
}

function spelling(random: Random, path: string): string {
  const dotted = path.replace(/[./]/g, (separator) => (separator === '.' ? '/' : '.'));
  return random.pick([dotted, dotted, dotted, dotted, path, path, `/${path}`, `.${dotted}`, path.replace('ipv4/', 'ipv4//'), path.replace('ipv4/', 'ipv4/./'), path.replace('ipv4/', 'ipv4/../ipv4/'), path.replaceAll('/', '.'), path.replace('/', '.'), path.toUpperCase(), `${path}/`]);
}
