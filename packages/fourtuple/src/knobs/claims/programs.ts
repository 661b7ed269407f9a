import { any, command, words, type Claim } from './claim.ts';

const hasFlag = (args: readonly string[], flag: string): boolean => args.some((arg) => /^-[a-zA-Z0-9]+$/.test(arg) && arg.includes(flag));
const readsTable = (text: string): boolean => /\/proc\/net\/(?:tcp|udp)6?\b/.test(text);

/** What is said of programs that count, show, test or pool connections. */
export const programClaims: readonly Claim[] = [
  {
    id: 'ss-listeners',
    subject: 'ss',
    verdict: 'false',
    truth: '-l shows listeners alone (and unconnected UDP): not one connection. ss -tan shows connections of this namespace; "fourtuple ports" what they leave of the range.',
    source: 'ss(8); measured',
    find: command('ss', (args) => hasFlag(args, 'l')),
  },
  {
    id: 'netstat-listeners',
    subject: 'netstat',
    verdict: 'false',
    truth: '-l shows listeners alone: not one connection.',
    source: 'netstat(8); measured',
    find: command('netstat', (args) => hasFlag(args, 'l')),
  },
  {
    id: 'count-lines-of-ss',
    subject: 'ss',
    verdict: 'false',
    truth: 'It counts the heading or both ends of a connection within the host, every state, and each port whose digits match. "fourtuple ports" counts source ports of each destination.',
    source: 'ss(8); measured',
    find: command('ss', (_, { text }) => /\|\s*wc\b|\bgrep\b/.test(text)),
  },
  {
    id: 'proc-net-tcp',
    subject: '/proc/net/tcp',
    verdict: 'false',
    truth: 'It has a heading, every state, both ends of connections within the host, no IPv6 (that is tcp6) and no sockets that are bound but not connected: its lines are no number of connections.',
    source: 'tcp4_seq_show(); measured',
    find: ({ text }) => (readsTable(text) && /\bwc\b|\bcount/i.test(text) ? [text.search(/\/proc\/net\//), text.length] : undefined),
  },
  {
    id: 'nc-demonstration',
    subject: 'nc',
    verdict: 'false',
    truth: 'nc -l takes one connection and ends; most of the loop is refused. What is counted then is both ends of what is left, in all states. "fourtuple lab" and small ranges in a namespace show limits.',
    source: 'nc(1); measured',
    find: any(command('nc', () => true), command('ncat', () => true), command('netcat', () => true)),
  },
  {
    id: 'add-address',
    subject: 'ip address',
    verdict: 'true',
    truth: 'Another source address brings another range of ports for each destination. It is gone at the next boot, and programs must be told to use it, with IP_BIND_ADDRESS_NO_PORT.',
    source: '__inet_hash_connect(); measured',
    find: command('ip', (args) => /^a(?:ddr(?:ess)?)?$/.test(args.find((arg) => !arg.startsWith('-')) ?? '') && args.includes('add')),
  },
  {
    id: 'pool-of-requests',
    subject: 'connection pool',
    verdict: 'true',
    truth: 'Reusing connections is what helps most. Of Python requests set pool_block=True and a pool_maxsize of at least the number of threads: without pool_block more connections are opened, and thrown away after use.',
    source: 'urllib3 HTTPConnectionPool',
    find: words(/\bHTTPAdapter\s*\(|\bpool_(?:maxsize|connections)\s*=/),
  },
  {
    id: 'thread-pool-is-no-pool',
    subject: 'thread pool',
    verdict: 'false',
    truth: 'A pool of threads opens a connection for each call: it makes the exhaustion that a pool of connections prevents.',
    source: 'socket(7); measured',
    find: words(/\bThreadPoolExecutor\s*\(/),
  },
  {
    id: 'connection-pooling',
    subject: 'connection pool',
    verdict: 'true',
    truth: 'Reusing connections is what helps most: a port is then taken for a connection, not for a request. The pool must be bounded, and wait when it is empty.',
    source: 'theory of queues; "fourtuple plan pool"',
    find: words(/\bconnection[\s-]pool(?:s|ing)?\b/i),
  },
];
