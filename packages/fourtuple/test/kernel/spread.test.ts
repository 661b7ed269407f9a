import { spawnSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findSpreads, Spreader } from '../../src/kernel/bpf/spreader.ts';
import { cgroupRoot } from '../../src/kernel/cgroups.ts';
import { joinCgroup, makeCgroup, removeCgroup } from '../../src/kernel/own-cgroup.ts';
import { parseSpread, type SpreadWords } from '../../src/spread/index.ts';
import { because } from '../support/because.ts';
import { programObstacle } from '../support/programs.ts';
import { spreadObstacle } from '../support/spread-obstacle.ts';
import { destination6, destinations, enterSpreadNamespace, sources, sources6 } from '../support/spread-world.ts';

const obstacle = spreadObstacle() ?? programObstacle('python3');
const [first, second] = destinations;
const all = [...sources, ...sources6].join(',');

/** Listeners that accept nothing, on every address and both families, and a way to say from where a socket came. */
const prelude = `
import socket, errno
L = socket.socket(socket.AF_INET6); L.bind(('::', 8080)); L.listen(500)
M = socket.socket(socket.AF_INET6); M.bind(('::', 9090)); M.listen(500)
held = []
def source(address, port=8080, bind=None, options=()):
  s = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET)
  held.append(s)
  for level, option in options: s.setsockopt(level, option, 1)
  if bind is not None: s.bind(bind)
  s.connect((address, port))
  return s.getsockname()[0].replace('::ffff:', '')
`;

describe.skipIf(obstacle !== undefined)(`spreading by BPF${because(obstacle)}`, () => {
  let cgroup = '';
  let spreader: Spreader | undefined;
  beforeAll(() => enterSpreadNamespace());
  afterEach(() => {
    spreader?.close();
    spreader = undefined;
    removeCgroup(cgroup);
  });

  /** Runs a program inside of a spread. @returns what it prints */
  function inside(words: SpreadWords, program: string, whileAttached: () => void = () => undefined): string {
    cgroup = makeCgroup();
    const spec = parseSpread(words);
    spreader = new Spreader({ addresses: spec.addresses, rules: spec, cgroup, now: 1_700_000_000_000 });
    whileAttached();
    joinCgroup(cgroup);
    try {
      const { stdout, stderr } = spawnSync('python3', ['-c', prelude + program], { encoding: 'utf8' });
      return stderr === '' ? stdout.trim() : stderr;
    } finally {
      joinCgroup(cgroupRoot()!);
    }
  }

  const each = (address: string, times: number, port = 8080): string => `print(*[source('${address}', ${port}) for _ in range(${times})])`;

  it('takes turns for each destination, IPv4, mapped, IPv6', () => {
    expect(inside({ from: [all] }, `${each(first, 5)}\n${each(second, 3)}\n${each(`::ffff:${first}`, 4)}\n${each(destination6, 3)}\n${each(first, 2, 9090)}`).split('\n')).toEqual([
      `${sources.join(' ')} ${sources[0]}`,
      sources.slice(0, 3).join(' '),
      // A mapped destination is the same as the IPv4 one.
      [sources[1], sources[2], sources[3], sources[0]].join(' '),
      `${sources6.join(' ')} ${sources6[0]}`,
      sources.slice(0, 2).join(' '),
    ]);
    const { addresses, destinations: to, leftAlone, keptDefault } = spreader!.read();
    expect(addresses.map(({ address, chosen, refused }) => `${address.toString()} ${chosen} ${refused}`)).toEqual([`${sources[0]} 5 0`, `${sources[1]} 4 0`, `${sources[2]} 3 0`, `${sources[3]} 2 0`, `${sources6[0]} 2 0`, `${sources6[1]} 1 0`]);
    expect(to.map(({ destination, port, connects }) => `${destination.toString()} ${port} ${connects}`)).toEqual([`${first} 8080 9`, `${second} 8080 3`, `${destination6} 8080 3`, `${first} 9090 2`]);
    expect({ ...leftAlone, keptDefault }).toEqual({ alreadyBound: 0, loopback: 0, notSelected: 0, otherProtocol: 0, noAddress: 0, keptDefault: 0 });
  });

  it('leaves alone what the program bound, UDP, the host itself, and families without an address', () => {
    const out = inside({ from: [sources.join(',')] }, `
print(source('${first}', bind=('${second}', 0)), source('${first}', bind=('0.0.0.0', 40090)), source('${first}', bind=('${second}', 0), options=[(0, 24)]), source('${destination6}', bind=('${sources6[1]}', 0)))
print(source('127.0.0.1'), source('127.9.9.9'), source('::1'), source('::ffff:127.0.0.1'), source('0.0.0.0'))
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.connect(('${first}', 8080))
v = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); v.connect(('${destination6}', 8080))
print(u.getsockname()[0], v.getsockname()[0])
print(source('${destination6}'))
`);
    // The kernel's own choice, where it is one, is the destination itself: all are on the loopback interface.
    expect(out.split('\n')).toEqual([`${second} ${first} ${second} ${sources6[1]}`, '127.0.0.1 127.0.0.1 ::1 127.0.0.1 127.0.0.1', `${first} ${destination6}`, destination6]);
    const { leftAlone, addresses } = spreader!.read();
    expect(leftAlone).toEqual({ alreadyBound: 4, loopback: 5, notSelected: 0, otherProtocol: 2, noAddress: 1 });
    expect(addresses.every(({ chosen }) => chosen === 0)).toBe(true);
  });

  it.each<[string, Partial<SpreadWords>, string]>([
    ['a destination', { to: [`${first},2001:db8::9`] }, 'yes no yes yes'],
    ['prefixes', { to: ['10.9.0.2/31', '2001:db8:8000::/33'] }, 'no yes no no'],
    ['prefixes that hold all', { to: ['0.0.0.0/0', '::/0'] }, 'yes yes yes yes'],
    ['odd prefixes of IPv6', { to: ['2001:db8::8/127', '2001:db8::/17'] }, 'no no yes yes'],
    ['IPv4 alone', { to: ['10.0.0.0/8'] }, 'yes yes no no'],
    ['a port', { ports: ['9090'] }, 'no no no yes'],
    ['ranges of ports', { ports: ['1-8079,8081-9089', '9091-65535'] }, 'no no no no'],
    ['both', { to: ['2001:db8::/32'], ports: ['8000-8999'] }, 'no no yes no'],
  ])('only %s', (_, words, expected) => {
    const out = inside({ from: [all], ...words }, `
ask = lambda address, port: 'yes' if source(address, port).startswith(('10.9.1.', '2001:db8::1:')) else 'no'
print(ask('${first}', 8080), ask('${second}', 8080), ask('${destination6}', 8080), ask('${destination6}', 9090))
`);
    expect(out).toBe(expected);
    expect(spreader!.read().leftAlone.notSelected).toBe(expected.split('no').length - 1);
  });

  it('the host itself, when it is asked for', () => {
    expect(inside({ from: ['127.0.0.5-127.0.0.6,::1'], includesLoopback: true }, `${each('127.0.0.1', 3)}\n${each('::1', 1)}`)).toBe('127.0.0.5 127.0.0.6 127.0.0.5\n::1');
  });

  it('passes over addresses that the host has not got, and goes on from its own when it has none', () => {
    const gone = ['10.9.3.1', '10.9.3.2', '10.9.3.3'];
    expect(inside({ from: [`${gone[0]},${sources.join(',')}`] }, each(first, 20)).split(' ').sort()).toEqual(sources.flatMap((source) => Array.from({ length: 5 }, () => source)));
    expect(spreader!.read()).toMatchObject({ keptDefault: 0, addresses: [{ chosen: 0, refused: 4 }, ...sources.map(() => ({ chosen: 5, refused: 0 }))] });
    spreader!.close();
    removeCgroup(cgroup);
    expect(inside({ from: [`${gone[0]},${gone[1]},${sources[0]}`] }, each(first, 3))).toBe(`${sources[0]} ${sources[0]} ${sources[0]}`);
    spreader!.close();
    removeCgroup(cgroup);
    expect(inside({ from: [gone.join(',')] }, each(first, 2))).toBe(`${first} ${first}`);
    expect(spreader!.read()).toMatchObject({ keptDefault: 2, addresses: [{ chosen: 0, refused: 2 }, { refused: 2 }, { refused: 2 }] });
  });

  it('very many addresses, and one', () => {
    expect(inside({ from: ['127.1.0.0/20'], includesLoopback: true }, `print(len(set(source('127.0.0.1') for _ in range(300))))`)).toBe('300');
    spreader!.close();
    removeCgroup(cgroup);
    expect(inside({ from: [sources[2]] }, each(first, 3))).toBe(`${sources[2]} ${sources[2]} ${sources[2]}`);
  });

  it('a socket that was refused keeps its source, as bound ones do', () => {
    expect(inside({ from: [all] }, `
s = socket.socket(); print(s.connect_ex(('${first}', 1)) == errno.ECONNREFUSED, s.getsockname()[0]); s.connect(('${second}', 8080)); print(s.getsockname()[0])
`).split('\n')).toEqual([`True ${sources[0]}`, sources[0]]);
  });

  it('is found by anybody who may look, and by nobody when it has ended', () => {
    inside({ from: [all] }, each(first, 6), () => {
      expect(findSpreads().filter(({ pid }) => pid === process.pid)).toMatchObject([{ startedAtMs: 1_700_000_000_000, destinations: [] }]);
    });
    const found = findSpreads().find(({ pid }) => pid === process.pid);
    expect(found).toMatchObject({ ...spreader!.read(), ...spreader!.identity });
    spreader!.close();
    expect(findSpreads().filter(({ pid }) => pid === process.pid)).toEqual([]);
  });

  it('leaves no descriptor behind, also when it cannot be attached', () => {
    const descriptors = (): string[] => readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/self/fd/${fd}`)];
      } catch {
        return [];
      }
    }).filter((link) => link.includes('bpf') || link.includes('cgroup'));
    const spec = parseSpread({ from: [all] });
    const target = { addresses: spec.addresses, rules: spec, now: 0 };
    expect(() => new Spreader({ ...target, cgroup: '/proc' })).toThrow(/attach a BPF program|cgroup/);
    expect(() => new Spreader({ ...target, cgroup: '/nowhere' })).toThrow(/ENOENT/);
    cgroup = makeCgroup();
    spreader = new Spreader({ ...target, cgroup });
    spreader.close();
    expect(descriptors()).toEqual([]);
  });
});
