import { describe, expect, it } from 'vitest';
import { asked, bindCase, bindPool, connectClauses, elsewhere, knownHolder, nowhere, titleFaults, unasked } from '../../../test/contract/cases.ts';
import { commandFaults } from '../../../test/contract/findings.ts';
import { clauses, type Clause, type Ruling } from '../../law/index.ts';
import { Address, TcpState } from '../../model/index.ts';
import type { BindCase } from '../../usage/index.ts';
import { answerBind } from './bind.ts';

const bindClauses = (Object.keys(clauses) as Clause[]).filter((clause) => !connectClauses.has(clause) || clause === 'odd-range');
const errnos: Readonly<Record<string, Ruling['errno']>> = { 'address-not-local': 'EADDRNOTAVAIL', 'port-privileged': 'EACCES', 'mapped-on-v6only': 'EINVAL' };
const numbers: Readonly<Record<string, number>> = { EADDRNOTAVAIL: 99, EACCES: 13, EINVAL: 22, EADDRINUSE: 98 };
const poolClauses: ReadonlySet<Clause> = new Set(['port-found', 'range-held', 'range-reserved', 'odd-range']);
const lonely: ReadonlySet<Clause> = new Set(['port-free', 'address-not-local', 'port-privileged', 'mapped-on-v6only', ...poolClauses]);

const holders = {
  listener: knownHolder({ stateNumber: TcpState.listen, at: '0.0.0.0:3306' }),
  connection: knownHolder(),
  timeWait: knownHolder({ stateNumber: TcpState.timeWait }),
  udp: knownHolder({ protocol: 'udp', stateNumber: TcpState.close, at: '0.0.0.0:3306' }),
  bound: knownHolder({ stateNumber: TcpState.boundInactive }),
  unnamed: knownHolder({ owner: undefined, descriptor: undefined, sharing: undefined, place: 'docker:4f3a', withoutProcess: 'of a process that may not be read' }),
};

/** The case that a clause decides in this way. */
function caseOf(clause: Clause, outcome: Ruling['outcome'], isAsked: boolean, holder = clause === 'holder-listens' ? holders.listener : clause === 'udp-holder' ? holders.udp : holders.connection): BindCase {
  const on = lonely.has(clause) ? [] : [holder];
  const errno = outcome === 'succeeds' ? undefined : (errnos[clause] ?? 'EADDRINUSE');
  const trial = isAsked ? (outcome === 'fails' ? asked(numbers[errno!]!, errno) : asked(0)) : unasked('it takes CAP_NET_ADMIN');
  return bindCase({ ruling: { outcome, errno, clause, holders: on }, holders: on, trial, ...(poolClauses.has(clause) ? { question: { port: 0 }, pool: bindPool(clause === 'port-found' ? 3 : clause === 'odd-range' ? 1 : 0, clause === 'range-reserved' ? 0 : 100) } : {}) });
}

describe('answerBind', () => {
  it.each(bindClauses)('%s: a title of one sentence, the clause in words, whatever the outcome', (clause) => {
    for (const outcome of ['succeeds', 'fails', 'unknown'] as const) {
      for (const isAsked of [true, false]) {
        const { title, explanation, verdict, errno, disagreement } = answerBind(caseOf(clause, outcome, isAsked));
        expect(titleFaults(title)).toEqual([]);
        expect(title).toMatch(/^bind\(0\.0\.0\.0:(3306|\*)\) /);
        expect(titleFaults(explanation.replace(/\.$/, '')).filter((fault) => !fault.includes('characters'))).toEqual([]);
        expect(disagreement).toBeUndefined();
        expect(verdict).toBe(outcome === 'unknown' && isAsked ? 'succeeds' : outcome);
        // The errno is told whenever it fails.
        expect(verdict === 'fails' ? title.includes(errno!) : true).toBe(true);
        expect(explanation).not.toMatch(/undefined/);
      }
    }
  });

  it.each(Object.entries(holders))('a holder of every kind in the way: %s', (_, holder) => {
    const { title, remedies } = answerBind(caseOf('neither-reuses', 'fails', true, holder));
    expect(titleFaults(title)).toEqual([]);
    expect(title).toMatch(/^bind\(0\.0\.0\.0:3306\) fails with EADDRINUSE: /);
    expect(remedies.every((remedy) => titleFaults(remedy.title).length === 0 && remedy.risk !== '')).toBe(true);
  });

  it('names the first holder, and how many more', () => {
    const on = [holders.connection, holders.timeWait, holders.bound];
    expect(answerBind(bindCase({ holders: on })).title).toBe('bind(0.0.0.0:3306) fails with EADDRINUSE: a connection of app/812 (10.0.0.5:3306 → 10.0.0.9:443, ESTABLISHED) holds the port (and 2 more)'.replace('ESTABLISHED', answerBind(bindCase()).title.match(/443, ([^)]+)\)/)![1]!));
  });

  it('the kernel has the last word, and a disagreement is told', () => {
    const answer = answerBind(bindCase({ trial: asked(0) }));
    expect(answer).toMatchObject({ verdict: 'succeeds', errno: undefined, probed: true });
    expect(answer.disagreement).toMatch(/by the law bind\(0\.0\.0\.0:3306\) fails with EADDRINUSE, the kernel's own trial succeeds.*please report it/);
    expect(answerBind(bindCase({ trial: asked(99, 'EADDRNOTAVAIL') })).disagreement).toMatch(/the kernel's own trial fails with EADDRNOTAVAIL/);
    expect(answerBind(bindCase({ trial: unasked('x') }))).toMatchObject({ verdict: 'fails', errno: 'EADDRINUSE', probed: false, disagreement: undefined });
  });

  it('an unknown of the law is no disagreement, and what it hung on is told', () => {
    const timeWait = bindCase({ holders: [holders.timeWait], ruling: { outcome: 'unknown', errno: 'EADDRINUSE', clause: 'holder-lacks-reuse-address', holders: [holders.timeWait] } });
    expect(answerBind({ ...timeWait, trial: asked(0) })).toMatchObject({ verdict: 'succeeds', clause: 'both-reuse-address', disagreement: undefined, explanation: 'A TIME_WAIT does not tell whether its socket had SO_REUSEADDR; the kernel was asked: they let this bind() pass.' });
    expect(answerBind({ ...timeWait, trial: asked(98, 'EADDRINUSE') })).toMatchObject({ verdict: 'fails', clause: 'holder-lacks-reuse-address', disagreement: undefined });
    const memory = bindCase({ question: { reusePort: true }, trial: asked(0), ruling: { outcome: 'unknown', errno: 'EADDRINUSE', clause: 'neither-reuses', holders: [holders.connection] } });
    expect(answerBind(memory)).toMatchObject({ clause: 'bucket-lets-in', verdict: 'succeeds' });
    expect(answerBind(memory).explanation).toContain('remember');
    const order = bindCase({ question: { protocol: 'udp', reusePort: true }, trial: asked(0), holders: [holders.udp, holders.udp], ruling: { outcome: 'unknown', errno: 'EADDRINUSE', clause: 'udp-holder', holders: [holders.udp] } });
    expect(answerBind(order)).toMatchObject({ clause: undefined, explanation: 'UDP goes by the holder that came last, and nothing tells which one that is; the kernel was asked: they let this bind() pass.' });
    const pool = bindCase({ question: { port: 0 }, holders: [], pool: bindPool(0), trial: asked(0), ruling: { outcome: 'unknown', errno: 'EADDRINUSE', clause: 'range-held', holders: [] } });
    expect(answerBind(pool)).toMatchObject({ clause: 'port-found', title: 'bind(0.0.0.0:*) succeeds: the kernel found a port, though each of the 100 usable ones has a holder' });
  });

  it('says that nobody listens, where a connection is in the way: other tools show nothing', () => {
    expect(answerBind(bindCase()).notes.join(' ')).toContain('Nobody listens on the port');
    expect(answerBind(caseOf('holder-listens', 'fails', true)).notes.join(' ')).not.toContain('Nobody listens');
  });

  it('says which flag of the server was taken for granted', () => {
    expect(answerBind(bindCase()).notes[0]).toContain('--no-reuse-address');
    expect(answerBind(bindCase({ question: { reuseAddress: false } })).notes[0]).toContain('--reuse-address asks with it');
  });

  it('warns of a port that any connect() may be given', () => {
    const free = bindCase({ holders: [], isInRange: true, trial: asked(0), ruling: { outcome: 'succeeds', errno: undefined, clause: 'port-free', holders: [] } });
    expect(answerBind(free).notes.join()).toContain('any connect() may be given it');
    expect(answerBind({ ...free, isReserved: true }).notes.join()).not.toContain('any connect()');
  });
});

describe('remedies of a bind()', () => {
  const commandsOf = (found: BindCase): string[] => answerBind(found).remedies.map(({ command }) => command).filter((command) => command !== undefined);
  const tried: readonly Clause[] = ['holder-listens', 'holder-lacks-reuse-address', 'neither-reuses', 'udp-holder', 'address-not-local', 'port-privileged', 'range-held', 'range-reserved'];

  it.each(tried)('%s: every command can be pasted', (clause) => {
    for (const holder of Object.values(holders)) {
      for (const namespace of [undefined, elsewhere, nowhere]) {
        const found = { ...caseOf(clause, 'fails', true, holder), isInRange: true, ...(namespace === undefined ? {} : { namespace }) };
        expect(commandsOf(found).flatMap((command) => commandFaults(command)).filter((fault) => !/unexpected program (ip|kill|sleep|systemctl)/.test(fault))).toEqual([]);
      }
    }
  });

  it('act in the namespace that was asked about', () => {
    const found = { ...bindCase({ namespace: elsewhere, isInRange: true, holders: [holders.connection, holders.timeWait] }) };
    const commands = commandsOf(found);
    expect(commands).toContain('fourtuple free bind-beside 3306 --yes --namespace /run/netns/web');
    expect(commands).toContain('fourtuple free time-wait --port 3306 --yes --namespace /run/netns/web');
    expect(commands.filter((command) => command.includes('sysctl'))).toEqual(['nsenter --net=/run/netns/web sysctl -w net.ipv4.ip_local_reserved_ports="3306"']);
  });

  it('have no command that would act here where nothing is known by which to enter', () => {
    const { remedies } = answerBind({ ...bindCase({ namespace: nowhere, isInRange: true }) });
    expect(remedies.find(({ title }) => title.startsWith('Reserve'))!.command).toBeUndefined();
    expect(remedies.map(({ command }) => command).filter((command) => command?.startsWith('fourtuple') === true && !command.endsWith('--namespace 9'))).toEqual([]);
  });

  it('let a server bind beside a connection only where that would help', () => {
    const beside = (found: BindCase): boolean => commandsOf(found).some((command) => command.includes('bind-beside'));
    expect(beside(bindCase())).toBe(true);
    expect(beside(bindCase({ question: { reuseAddress: false } }))).toBe(false);
    expect(beside(caseOf('neither-reuses', 'fails', true, holders.unnamed))).toBe(false);
    expect(beside(caseOf('holder-listens', 'fails', true))).toBe(false);
  });

  it('reserve the port beside what is reserved already', () => {
    const commands = commandsOf(bindCase({ isInRange: true, settings: { reserved: '8080,9000-9005' } }));
    expect(commands.at(-1)).toBe('sysctl -w net.ipv4.ip_local_reserved_ports="3306,8080,9000-9005"');
  });

  it('are none where it succeeds', () => {
    expect(answerBind(bindCase({ trial: asked(0), ruling: { outcome: 'succeeds', errno: undefined, clause: 'both-reuse-address', holders: [holders.connection] } })).remedies).toEqual([]);
  });

  it('never free by force what cannot be ended: a listener', () => {
    const commands = commandsOf(caseOf('holder-listens', 'fails', true));
    expect(commands).toEqual(['kill 812']);
    const unit = knownHolder({ stateNumber: TcpState.listen, owner: { pid: 5, command: 'mysqld', uid: 1, unit: 'mysql.service', container: undefined } });
    expect(commandsOf(caseOf('holder-listens', 'fails', true, unit))).toEqual(['systemctl stop mysql.service']);
  });
});

describe('IPv6', () => {
  it('is told that 0.0.0.0 is no obstacle to an address of its own', () => {
    const wild = knownHolder({ stateNumber: TcpState.listen, at: '0.0.0.0:3306' });
    const { notes, title } = answerBind(bindCase({ question: { address: Address.parse('2001:db8::1')! }, holders: [wild], trial: asked(0), ruling: { outcome: 'succeeds', errno: undefined, clause: 'addresses-apart', holders: [wild] } }));
    expect(notes.join()).toContain('no obstacle');
    expect(title).toBe('bind([2001:db8::1]:3306) succeeds beside 1 holder of the port');
  });
});
