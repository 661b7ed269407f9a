import { describe, expect, it } from 'vitest';
import { asked, bindPool, connectCase, connectClauses, connectPorts, elsewhere, nowhere, titleFaults, unasked } from '../../../test/contract/cases.ts';
import { commandFaults } from '../../../test/contract/findings.ts';
import { many, tcp, usageOf } from '../../../test/contract/hand-made.ts';
import { Address, defaultLocalPortRange } from '../../model/index.ts';
import type { ConnectCase, ConnectObstacle } from '../../usage/index.ts';
import { answerConnect } from './connect.ts';

const counts = [connectPorts({ taken: 100 }), connectPorts({ explicit: 100 }), connectPorts({ 'time-wait': 3, explicit: 2 }), connectPorts({ reserved: 4 }), connectPorts({ free: 1, taken: 6 }), connectPorts({ free: 5 }, { untouched: 40_000, reusable: 2 }), connectPorts({ unknown: 7 })];

describe('answerConnect', () => {
  it.each([...connectClauses])('%s: a title of one sentence, whatever the ports and the outcome', (clause) => {
    for (const ports of counts) {
      for (const outcome of ['succeeds', 'fails', 'unknown'] as const) {
        for (const trial of [asked(0), asked(99, 'EADDRNOTAVAIL'), unasked('it takes CAP_NET_ADMIN')]) {
          const { title, explanation, notes } = answerConnect(connectCase({ ports, trial, ruling: { outcome, errno: outcome === 'succeeds' ? undefined : 'EADDRNOTAVAIL', clause } }));
          expect(titleFaults(title)).toEqual([]);
          expect(title).toMatch(/^connect\(10\.0\.0\.9:5432\) from 10\.0\.0\.5 /);
          expect([explanation, ...notes].filter((text) => /undefined|NaN/.test(text) || !/[.)]$/.test(text))).toEqual([]);
        }
      }
    }
  });

  it('tells what became of the ports', () => {
    expect(answerConnect(connectCase({ ports: connectPorts({ taken: 70, 'time-wait': 20, explicit: 7, reserved: 3 }) })).title).toBe('connect(10.0.0.9:5432) from 10.0.0.5 fails with EADDRNOTAVAIL: no port of the 100 in the range is free: 70 connected to this very destination, 20 in TIME_WAIT with it, 7 held explicitly by somebody, 3 reserved');
  });

  it('of a program that binds its source: the pool of bind(), and what Node calls it', () => {
    const bound = connectCase({ question: { isBound: true }, pool: bindPool(0), trial: asked(98, 'EADDRINUSE'), ruling: { outcome: 'fails', errno: 'EADDRINUSE', clause: 'range-held' } });
    expect(answerConnect(bound).title).toContain('(Node calls it "connect EADDRINUSE")');
    for (const pool of [bindPool(0), bindPool(1), bindPool(50)]) {
      for (const outcome of ['succeeds', 'fails', 'unknown'] as const) for (const trial of [asked(0), unasked('x')]) expect(titleFaults(answerConnect({ ...bound, pool, trial, ruling: { outcome, errno: 'EADDRINUSE', clause: 'range-held' } }).title)).toEqual([]);
    }
    expect(answerConnect(bound).remedies[0]!.title).toContain('IP_BIND_ADDRESS_NO_PORT');
  });

  it('the kernel has the last word, and a disagreement is told', () => {
    const answer = answerConnect(connectCase({ trial: asked(0) }));
    expect(answer.verdict).toBe('succeeds');
    expect(answer.disagreement).toContain("by the law connect(10.0.0.9:5432) from 10.0.0.5 fails with EADDRNOTAVAIL, the kernel's own trial succeeds");
    const unknown = { outcome: 'unknown', errno: 'EADDRNOTAVAIL', clause: 'odd-range' } as const;
    expect(answerConnect(connectCase({ ports: connectPorts({ free: 1, taken: 4 }), trial: asked(0), ruling: unknown }))).toMatchObject({ verdict: 'succeeds', clause: 'port-found', disagreement: undefined });
    expect(answerConnect(connectCase({ ports: connectPorts({ unknown: 4 }), trial: asked(0), ruling: { ...unknown, clause: 'ports-explicit-or-taken' } }))).toMatchObject({ clause: 'port-shared', explanation: 'How some ports are held cannot be seen; the kernel was asked: it finds a port.' });
  });

  it('past half of the pool the cliff is told, of one that is not limited otherwise', () => {
    const near = connectCase({ trial: asked(0), ports: connectPorts({ free: 40, taken: 60 }), ruling: { outcome: 'succeeds', errno: undefined, clause: 'port-shared' } });
    expect(answerConnect(near).notes.join()).toContain('60.0 % full');
    expect(answerConnect({ ...near, ports: connectPorts({ free: 60, taken: 40 }) }).notes.join()).not.toContain('full');
    expect(answerConnect({ ...near, question: { ...near.question, range: { low: 40_000, high: 40_099 } } }).notes.join()).not.toContain('full');
  });

  it('says when a range of the socket’s own counts for less than was asked', () => {
    expect(answerConnect(connectCase({ question: { range: { low: 1, high: 9 } }, range: defaultLocalPortRange })).notes.join()).toContain('IP_LOCAL_PORT_RANGE 1-9 counts only inside');
  });

  it('when the source may not be here: unknown, and it says so', () => {
    const { title, verdict } = answerConnect(connectCase({ trial: unasked('x'), ports: connectPorts({ free: 9 }), ruling: { outcome: 'unknown', errno: 'EADDRNOTAVAIL', clause: 'address-not-local' } }));
    expect([verdict, title]).toEqual(['unknown', 'connect(10.0.0.9:5432) from 10.0.0.5 fails or not, depending on whether 10.0.0.5 is an address of this namespace, which was not asked']);
  });
});

describe('obstacles before any port', () => {
  const obstacles: Readonly<Record<ConnectObstacle, string>> = { 'no-route': 'ENETUNREACH', 'no-ipv6': 'EADDRNOTAVAIL', 'source-not-local': 'EADDRNOTAVAIL' };
  const with_ = (obstacle: ConnectObstacle, code: string | undefined): ConnectCase => connectCase({ obstacle, obstacleCode: code, ruling: undefined, ports: undefined, question: obstacle === 'no-ipv6' ? { destination: Address.parse('2001:db8::9')! } : {} });

  it.each(Object.entries(obstacles))('%s: fails, with its errno, and a title of one sentence', (name, code) => {
    const obstacle = name as ConnectObstacle;
    for (const errno of [code, undefined]) {
      const answer = answerConnect(with_(obstacle, errno));
      expect(titleFaults(answer.title)).toEqual([]);
      expect(answer).toMatchObject({ verdict: 'fails', errno, clause: obstacle, probed: true, disagreement: undefined });
      expect(answer.title).toContain(errno ?? (obstacle === 'source-not-local' ? 'EADDRNOTAVAIL' : 'ENETUNREACH'));
      expect(answer.remedies.every(({ command }) => command?.startsWith('ip ') === true)).toBe(true);
    }
  });

  it('are looked at in the namespace that was asked about', () => {
    expect(answerConnect({ ...with_('no-route', 'ENETUNREACH'), namespace: elsewhere }).remedies[0]!.command).toBe('nsenter --net=/run/netns/web ip route get 10.0.0.9');
    expect(answerConnect({ ...with_('no-route', 'ENETUNREACH'), namespace: nowhere }).remedies[0]!.command).toBeUndefined();
  });

  it('a source that could not be found out: unknown, and why', () => {
    const answer = answerConnect(connectCase({ source: undefined, ruling: undefined, ports: undefined, trial: unasked('it takes koffi') }));
    expect(answer).toMatchObject({ verdict: 'unknown', errno: undefined, clause: undefined, probed: false, explanation: 'The kernel was not asked: it takes koffi.' });
    expect(titleFaults(answer.title)).toEqual([]);
  });
});

describe('remedies of a connect()', () => {
  const usage = usageOf(many(100, (index) => tcp('timeWait', `10.0.0.5:${40_000 + index}`, '10.0.0.9:5432')), { settings: { range: [40_000, 40_099] } });
  const full = connectCase({ usage, tuple: usage.tuples.at(0), ports: connectPorts({ 'time-wait': 100 }), settings: { range: [40_000, 40_099], tcpTwReuse: 0 } });

  it('can be pasted, here and for another namespace', () => {
    for (const namespace of [full.namespace, elsewhere, nowhere]) {
      const commands = answerConnect({ ...full, namespace }).remedies.map(({ command }) => command).filter((command) => command !== undefined);
      expect(commands.length).toBeGreaterThan(1);
      expect(commands.flatMap((command) => commandFaults(command))).toEqual([]);
    }
  });

  it('act in the namespace that was asked about', () => {
    const commands = answerConnect({ ...full, namespace: elsewhere }).remedies.map(({ command }) => command).filter((command) => command !== undefined);
    expect(commands).toContain('nsenter --net=/run/netns/web sysctl -w net.ipv4.tcp_tw_reuse=1');
    expect(commands).toContain('fourtuple free time-wait --dst 10.0.0.9:5432 --src 10.0.0.5 --limit 200 --yes --namespace /run/netns/web');
    expect(commands.filter((command) => command.startsWith('sysctl'))).toEqual([]);
    const none = answerConnect({ ...full, namespace: nowhere }).remedies;
    expect(none.filter(({ command }) => command?.includes('sysctl') === true)).toEqual([]);
  });

  it('raise the limit of free where more sockets are meant than it takes', () => {
    const many_ = answerConnect({ ...full, ports: connectPorts({ 'time-wait': 20_000 }) }).remedies.map(({ command }) => command).find((command) => command?.includes('free time-wait'));
    expect(many_).toBe('fourtuple free time-wait --dst 10.0.0.9:5432 --src 10.0.0.5 --limit 22000 --yes');
  });

  it('are none where it succeeds', () => {
    expect(answerConnect(connectCase({ trial: asked(0), ports: connectPorts({ free: 3 }), ruling: { outcome: 'succeeds', errno: undefined, clause: 'port-shared' } })).remedies).toEqual([]);
  });
});
