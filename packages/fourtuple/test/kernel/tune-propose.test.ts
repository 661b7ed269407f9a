import { describe, expect, it } from 'vitest';
import { knownServices, writeOutcome } from '../../src/knobs/index.ts';
import { Address, PortSet } from '../../src/model/index.ts';
import { runInProcess } from '../golden/run-cli.ts';
import { because } from '../support/because.ts';
import { enterFreshNamespace, getSysctl, liveTestObstacle, setSysctl } from '../support/namespace.ts';
import { acceptSocket, addLoopbackAddress, bindSocket, closeSocket, connectSocket, listenSocket, makeSocket } from '../support/sockets.ts';

const obstacle = liveTestObstacle();

interface Proposed {
  readonly profile: string | null;
  readonly changes: readonly { readonly key: string; readonly from: string; readonly to: string; readonly why: string; readonly gains: readonly string[]; readonly risk: string }[];
  readonly stealable: readonly { readonly low: number; readonly high: number; readonly source: string; readonly isNew: boolean }[];
  readonly notes: readonly string[];
}

async function tune(...args: readonly string[]): Promise<Proposed> {
  const { stdout, stderr, exitCode } = await runInProcess('tune', ...args, '--json');
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  return JSON.parse(stdout) as Proposed;
}

function listenOn(address: Address, port: number): number {
  const fd = makeSocket({ reuseAddress: true });
  expect([bindSocket(fd, address, port, false), listenSocket(fd)]).toEqual([0, 0]);
  return fd;
}

const lines = ({ changes }: Proposed): string[] => changes.map(({ key, from, to }) => `${key}: ${from} -> ${to}`);
const everywhere = Address.parse('0.0.0.0')!;
const WELL_KNOWN = PortSet.of([...knownServices.keys()].filter((port) => port >= 1024)).toString();

describe(`tune proposes${because(obstacle)}`, () => {
  it.skipIf(obstacle !== undefined)('nothing on an idle host', async () => {
    enterFreshNamespace();
    const proposed = await tune();
    expect(proposed.changes).toEqual([]);
    expect(proposed.notes).toEqual([]);
    expect((await runInProcess('tune')).stdout).toContain('Nothing to change: no setting would help here.');
  });

  it.skipIf(obstacle !== undefined)('to a web server with listeners inside the range: their ports, appended to those reserved', async () => {
    enterFreshNamespace();
    setSysctl('ipv4/ip_local_port_range', '8000 60999');
    setSysctl('ipv4/ip_local_reserved_ports', '9000,33000-33010');
    const fds = [80, 8080, 8443, 9000, 50051].map((port) => listenOn(everywhere, port));
    try {
      const proposed = await tune();
      expect(lines(proposed)).toEqual(['net.ipv4.ip_local_reserved_ports: 9000,33000-33010 -> 8080,8443,9000,33000-33010,50051']);
      const [change] = proposed.changes;
      expect(change!.why).toMatch(/^Services have 8080 \(.+\), 8443 \(.+\) and 50051 \(.+\): while one of them is down, an outgoing connection can take its port, and it cannot start\.$/);
      expect(change!.gains).toEqual(['bind() to these ports works as before; connect() and bind(address, 0) leave them alone. 12 ports that are reserved already stay in the list.']);
      expect(change!.risk).toBe('3 ports less for each destination.');
      expect(writeOutcome(change!.key, change!.to, () => undefined)).toEqual({ kind: 'ok', reads: change!.to });
      // Once done, nothing is left to propose.
      setSysctl('ipv4/ip_local_reserved_ports', change!.to);
      expect(lines(await tune())).toEqual([]);
      expect(lines(await tune('--profile', 'web-server'))).toEqual([]);
    } finally {
      fds.forEach(closeSocket);
    }
  });

  it.skipIf(obstacle !== undefined)('to a crawler at 90 % of a tuple: more ports with those of services reserved, and the reuse of its TIME_WAIT', async () => {
    enterFreshNamespace();
    const target = Address.parse('10.9.0.2')!;
    addLoopbackAddress(target, 1);
    setSysctl('ipv4/ip_local_port_range', '40000 40099');
    setSysctl('ipv4/ip_local_reserved_ports', '61000');
    const listener = listenOn(target, 80);
    const fds = [listener];
    try {
      for (let count = 0; count < 90; count++) {
        const client = makeSocket();
        expect(connectSocket(client, target, 80, false)).toBe(0);
        const server = acceptSocket(listener);
        if (count < 60) fds.push(client, server);
        else {
          closeSocket(client);
          closeSocket(server);
        }
      }
      const proposed = await tune();
      const reserved = PortSet.parseList(WELL_KNOWN)!.addAll(PortSet.of([61000])).toString();
      expect(lines(proposed)).toEqual([`net.ipv4.ip_local_reserved_ports: 61000 -> ${reserved}`, 'net.ipv4.ip_local_port_range: 40000 40099 -> 1024 65535', 'net.ipv4.tcp_tw_reuse: 2 -> 1']);
      const usable = 64_512 - PortSet.parseList(reserved)!.size;
      expect(proposed.changes.map(({ why }) => why)).toEqual([
        expect.stringMatching(/^Well-known software has 1433 \(Microsoft SQL Server\), .* and \d+ more: the wider range would cover them\.$/),
        '10.9.0.2 → 10.9.0.2:80 has 90 of 100 ports in use (90.0 %): above half of them connect() takes 10 to 100 times as long, and when they are gone it fails.',
        '30 of the 90 used ports of 10.9.0.2 → 10.9.0.2:80 are in TIME_WAIT, and tcp_tw_reuse is 2, which covers loopback alone.',
      ]);
      expect(proposed.changes[1]!.gains).toEqual([
        `${usable.toLocaleString('en')} ports for each (source, destination, destination port) instead of 100, at once, for connections that are there too.`,
        `Where this side closes first, about ${Math.floor(usable / 61.1).toLocaleString('en')} connections a second to each destination instead of 1 (a TIME_WAIT of 61.1 s each).`,
      ]);
      // The kernel takes what is proposed, in the order in which it stands.
      for (const { key, to } of proposed.changes) setSysctl(key.replace(/^net\./, '').replaceAll('.', '/'), to);
      expect([getSysctl('ipv4/ip_local_port_range'), getSysctl('ipv4/ip_local_reserved_ports'), getSysctl('ipv4/tcp_tw_reuse')]).toEqual(['1024\t65535', reserved, '1']);
      expect(lines(await tune())).toEqual([]);
      expect(lines(await tune('--profile', 'outbound-client'))).toEqual([]);
    } finally {
      fds.forEach(closeSocket);
    }
  });

  it.skipIf(obstacle !== undefined)('by a profile, what is better already left alone', async () => {
    enterFreshNamespace();
    setSysctl('core/somaxconn', 128);
    setSysctl('ipv4/tcp_max_tw_buckets', 5000);
    expect(lines(await tune('--profile', 'database'))).toEqual(['net.core.somaxconn: 128 -> 4096']);
    expect(lines(await tune('--profile', 'load-generator')).map((line) => line.replace(/: .*/, ''))).toEqual(['net.ipv4.ip_local_reserved_ports', 'net.ipv4.ip_local_port_range', 'net.ipv4.tcp_tw_reuse', 'net.ipv4.tcp_max_tw_buckets', 'net.core.somaxconn']);
    setSysctl('core/somaxconn', 65_535);
    setSysctl('ipv4/tcp_max_tw_buckets', -1);
    setSysctl('ipv4/ip_local_port_range', '1024 65535');
    setSysctl('ipv4/tcp_tw_reuse', 1);
    expect(lines(await tune('--profile', 'load-generator'))).toEqual([]);
  });

  it.skipIf(obstacle !== undefined)('what undoes a trap', async () => {
    enterFreshNamespace();
    setSysctl('ipv4/tcp_fin_timeout', 70);
    setSysctl('ipv4/tcp_timestamps', 0);
    expect(lines(await tune())).toEqual(['net.ipv4.tcp_fin_timeout: 70 -> 60', 'net.ipv4.tcp_timestamps: 0 -> 1']);
  });

  it.skipIf(obstacle !== undefined)('nothing that apply would refuse, in odd ranges', async () => {
    enterFreshNamespace();
    // A service on the only port.
    setSysctl('ipv4/ip_local_port_range', '40000 40000');
    const fds = [listenOn(everywhere, 40_000)];
    expect(lines(await tune())).toEqual([]);
    expect((await tune()).notes).toEqual(['Services have every port of the range: it is too narrow for outgoing connections beside them.']);
    // Every port reserved: the wider range has others.
    setSysctl('ipv4/ip_local_port_range', '40000 40009');
    setSysctl('ipv4/ip_local_reserved_ports', '40000-40009');
    const { changes } = await tune();
    expect(changes.map(({ key, to }) => [key, to.startsWith('1433,') || to])).toEqual([['net.ipv4.ip_local_reserved_ports', true], ['net.ipv4.ip_local_port_range', '1024 65535']]);
    const applied = await runInProcess('tune', 'apply', ...changes.map(({ key, to }) => `${key}=${to}`));
    expect({ exitCode: applied.exitCode, refused: applied.stdout.includes('refused') }).toEqual({ exitCode: 0, refused: false });
    // A range of privileged ports is not made wider: it would hand out those of the system.
    setSysctl('ipv4/ip_local_reserved_ports', '\n');
    setSysctl('ipv4/ip_unprivileged_port_start', 0);
    setSysctl('ipv4/ip_local_port_range', '1 500');
    const { changes: none, notes } = await tune('--profile', 'outbound-client');
    expect(none.map(({ key }) => key)).toEqual(['net.ipv4.tcp_tw_reuse']);
    expect(notes[0]).toMatch(/the range begins at 1: a wider one would hand out ports of system services/);
    fds.forEach(closeSocket);
  });

  it.skipIf(obstacle !== undefined)('nothing of the whole host to a namespace, and says so', async () => {
    enterFreshNamespace();
    const { changes, notes } = await tune('--profile', 'nat-gateway');
    expect(changes.some(({ key }) => key === 'net.netfilter.nf_conntrack_max')).toBe(false);
    expect(notes.some((note) => note.startsWith('net.netfilter.nf_conntrack_max is'))).toBe(true);
  });
});
