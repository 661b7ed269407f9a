import type { Clause } from '../../law/index.ts';
import { endpointText, grouped, percent, plural } from '../../model/index.ts';
import type { ConnectCase, PoisonedPorts, TupleUsage } from '../../usage/index.ts';
import type { Remedy } from '../finding.ts';
import { lessConnections, present, remedyOf, reuseTimeWait, widenRange } from '../remedies.ts';
import { ownerText } from '../texts.ts';
import { commandInside, fourtupleCommand, limitFlag } from './aim.ts';
import { clauseText, settle, type Answer } from './answer.ts';
import { timeoutVerdicts } from './nat.ts';

const CLIFF = 0.5;
/** Tuples of a source that are looked at for who holds its ports. */
const MAX_TUPLES = 1000;

/** Says why a connect() fails, or that it would not for want of a port. */
export function answerConnect(found: ConnectCase): Answer {
  const { question, source, ruling, obstacle } = found;
  const what = `connect(${endpointText(question.destination, question.destinationPort)})${source === undefined ? '' : ` from ${source.toString()}`}`;
  if (obstacle !== undefined || ruling === undefined) return answerObstacle(found, what);
  const settled = settle(ruling, found.trial, what);
  const isFailing = settled.verdict !== 'succeeds';
  return {
    ...settled,
    clause: settledClause(ruling, settled.verdict),
    title: settled.verdict === 'succeeds' ? succeeding(found, what) : failing(found, what, settled),
    explanation: explain(ruling, settled.verdict),
    notes: [...notesOf(found, settled.verdict), ...timeoutVerdicts(found.counters)],
    holders: [],
    remedies: isFailing ? remediesOf(found) : [],
  };
}

type Ruled = NonNullable<ConnectCase['ruling']>;

/** A law that could not tell has named what might be in the way: where nothing was, a port was found. */
function settledClause({ outcome, clause }: Ruled, verdict: Answer['verdict']): Clause {
  if (outcome !== 'unknown' || verdict !== 'succeeds') return clause;
  return clause === 'range-held' || clause === 'odd-range' ? 'port-found' : 'port-shared';
}

function explain(ruling: Ruled, verdict: Answer['verdict']): string {
  const clause = settledClause(ruling, verdict);
  if (ruling.outcome !== 'unknown' || verdict === 'unknown') return `${clauseText(clause)}.`;
  return `${ruling.clause === 'odd-range' ? clauseText('odd-range') : 'How some ports are held cannot be seen'}; the kernel was asked: ${verdict === 'succeeds' ? 'it finds a port' : 'it finds none'}.`;
}

function succeeding({ ports, pool }: ConnectCase, what: string): string {
  if (pool !== undefined) return `${what} gets a port: ${pool.free === 0 ? `bind() of the source found one, though each of the ${grouped(pool.capacity)} has a holder` : `${grouped(pool.free)} of ${grouped(pool.capacity)} ${pool.free === 1 ? 'is' : 'are'} free for bind() on this source`}`;
  return `${what} gets a port: ${grouped(ports!.counts.free)} of ${grouped(sizeOf(ports!.counts))} in the range are free for it${ports!.reusable > 0 ? ` (${grouped(ports!.reusable)} of them in a TIME_WAIT that may be taken over)` : ''}`;
}

function failing(found: ConnectCase, what: string, { verdict, errno }: Pick<Answer, 'verdict' | 'errno'>): string {
  const { ports, pool } = found;
  if (verdict === 'unknown' && found.ruling?.clause === 'address-not-local') return `${what} fails or not, depending on whether ${found.source?.toString() ?? 'the source'} is an address of this namespace, which was not asked`;
  const says = verdict === 'unknown' ? `may fail with ${errno ?? 'an error'}` : `fails with ${errno ?? 'an error'}`;
  if (pool !== undefined && pool.free > 0) return `${what} ${says}: ${plural(pool.free, 'port')} of ${grouped(pool.capacity)} ${pool.free === 1 ? 'is' : 'are'} free for bind() on this source`;
  if (pool !== undefined) return `${what} ${says}: bind() of the source finds none of its ${grouped(pool.capacity)} ports free (Node calls it "connect ${errno ?? 'EADDRINUSE'}")`;
  return `${what} ${says}: ${breakdown(ports!.counts)}`;
}

type Counts = NonNullable<ConnectCase['ports']>['counts'];

function sizeOf(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** `no port of the 100 in the range is free: 70 connected to this very destination, 30 held explicitly by somebody` */
function breakdown(counts: Counts): string {
  const parts = [
    counts.taken > 0 ? `${grouped(counts.taken)} connected to this very destination` : undefined,
    counts['time-wait'] > 0 ? `${grouped(counts['time-wait'])} in TIME_WAIT with it` : undefined,
    counts.explicit > 0 ? `${grouped(counts.explicit)} held explicitly by somebody` : undefined,
    counts.reserved > 0 ? `${grouped(counts.reserved)} reserved` : undefined,
    counts.unknown > 0 ? `${grouped(counts.unknown)} in use in a way that is not known` : undefined,
  ].filter((part) => part !== undefined);
  const free = counts.free === 0 ? 'no port' : plural(counts.free, 'port');
  return `${free} of the ${grouped(sizeOf(counts))} in the range ${counts.free > 1 ? 'are' : 'is'} free${parts.length === 0 ? '' : `: ${parts.join(', ')}`}`;
}

function notesOf(found: ConnectCase, verdict: Answer['verdict']): string[] {
  const { ports, tuple, usage, question, trial, range } = found;
  const notes: string[] = [];
  if (question.range !== undefined && (question.range.low !== range.low || question.range.high !== range.high)) notes.push(`IP_LOCAL_PORT_RANGE ${question.range.low}-${question.range.high} counts only inside ip_local_port_range: what is tried is ${range.low}-${range.high}, and no error says so.`);
  if (question.isBound && question.source === undefined) notes.push('Which source address the program binds is not known here: the one of the route is taken (--from names another).');
  const who = found.pool === undefined ? tupleHolders(tuple) : verdict === 'succeeds' ? undefined : poolHolders(found);
  if (who !== undefined) notes.push(who);
  if (ports !== undefined && ports.counts.explicit > 0 && usage.poisoned.length > 0) notes.push(`Held explicitly, and so lost to every connect(): ${usage.poisoned.slice(0, 3).map(poisonText).join('; ')}.`);
  const pool = ports === undefined ? 0 : ports.counts.free + ports.counts.taken + ports.counts['time-wait'];
  const ratio = ports === undefined || pool === 0 ? 0 : 1 - ports.counts.free / pool;
  if (verdict === 'succeeds' && !question.isBound && question.range === undefined && ratio >= CLIFF) notes.push(`The pool is ${percent(ratio)} full: past half of it connect() takes 10 to 100 times as long, since the kernel tries one half of the ports first (docs/concepts/cliff.md).`);
  if (verdict === 'succeeds') notes.push('That is about ports alone: whether the other side answers was not tried, and no packet was sent.');
  if (trial.unasked !== undefined) notes.push(`The kernel was not asked (${trial.unasked}): this is the law applied to what could be seen.`);
  return notes;
}

function tupleHolders(tuple: TupleUsage | undefined): string | undefined {
  if (tuple === undefined || tuple.holders.length === 0) return undefined;
  return `Who has them: ${tuple.holders.slice(0, 3).map((holder) => `${ownerText(holder.owner)} ${holder.isEstimate ? 'about ' : ''}${grouped(holder.ports)}`).join(', ')}.`;
}

/** Whose connections hold the ports of a bind pool, whatever their destination: the fullest tuples tell. */
function poolHolders({ usage, source }: ConnectCase): string | undefined {
  const byOwner = new Map<string, number>();
  let timeWait = 0;
  for (let rank = 0; rank < Math.min(usage.tuples.length, MAX_TUPLES); rank++) {
    const tuple = usage.tuples.at(rank);
    if (source === undefined || !tuple.source.equals(source)) continue;
    timeWait += tuple.timeWait;
    for (const { owner, ports } of tuple.holders) byOwner.set(ownerText(owner), (byOwner.get(ownerText(owner)) ?? 0) + ports);
  }
  const most = [...byOwner].sort(([, left], [, right]) => right - left).slice(0, 3);
  const parts = [...most.map(([who, ports]) => `${who} ${grouped(ports)}`), ...(timeWait > 0 ? [`${grouped(timeWait)} in TIME_WAIT, without a process`] : [])];
  return parts.length === 0 ? undefined : `Connections from this source, to any destination: ${parts.join(', ')}.`;
}

function poisonText({ ports, kind, owner, evidence }: PoisonedPorts): string {
  return `${plural(ports, 'port')} by ${owner === undefined ? 'a process that is not known' : ownerText(owner)} (${kind}, ${evidence})`;
}

function remediesOf(found: ConnectCase): Remedy[] {
  const { settings, usage, tuple, question, namespace, ports, pool } = found;
  const destination = endpointText(question.destination, question.destinationPort);
  const widened = widenRange(settings, usage);
  const inside = (remedy: Remedy | undefined): Remedy | undefined => {
    return remedy?.command === undefined ? remedy : remedyOf(remedy.title, commandInside(remedy.command, namespace), remedy.risk);
  };
  const noPort: Remedy = { title: 'Set IP_BIND_ADDRESS_NO_PORT before binding the source address: the port is then chosen by connect(), and shared between destinations', risk: 'None; the program must be changed.' };
  const seeWho: Remedy = { title: 'See who holds the ports', command: fourtupleCommand('ports', namespace), risk: 'None: it only reads.' };
  if (pool !== undefined) return present(noPort, inside(widened), { title: 'Use one more source address: each has the whole range for itself', risk: 'Firewalls elsewhere may expect the old address.' }, seeWho);
  return present(
    ports !== undefined && ports.counts.explicit > 0 ? noPort : undefined,
    inside(tuple === undefined || ports?.counts['time-wait'] === 0 ? undefined : reuseTimeWait(settings, tuple)),
    ports !== undefined && ports.counts['time-wait'] > 0 ? { title: `First aid: end the ${plural(ports.counts['time-wait'], 'TIME_WAIT')} to ${destination}`, command: fourtupleCommand(`free time-wait --dst ${destination}${found.source === undefined ? '' : ` --src ${found.source.toString()}`}${limitFlag(Math.max(ports.counts['time-wait'], tuple?.timeWait ?? 0))} --yes`, namespace), risk: 'Late packets of an old connection may meet a new one on the same four-tuple.' } : undefined,
    inside(widened),
    ...(tuple === undefined ? [] : lessConnections(tuple)),
    seeWho,
  );
}

function answerObstacle(found: ConnectCase, what: string): Answer {
  const { obstacle, obstacleCode, question, namespace, source } = found;
  const shared = { holders: [], probed: obstacle !== undefined, disagreement: undefined, notes: timeoutVerdicts(found.counters) };
  switch (obstacle) {
    case 'source-not-local':
      return {
        ...shared,
        verdict: 'fails',
        errno: obstacleCode,
        clause: obstacle,
        title: `${what} fails with ${obstacleCode ?? 'EADDRNOTAVAIL'} before any port is looked for: ${source?.toString() ?? 'the source'} is not an address of this namespace`,
        explanation: 'The errno is the same as for ports that ran out, the cause is not: bind() of the source address fails.',
        remedies: [remedyOf('See which addresses it has', commandInside('ip -brief address', namespace), 'None: it only reads.')],
      };
    case 'no-ipv6':
    case 'no-route':
      return {
        ...shared,
        verdict: 'fails',
        errno: obstacleCode,
        clause: obstacle,
        title: `${what} fails with ${obstacleCode ?? 'ENETUNREACH'}: ${obstacle === 'no-ipv6' ? 'this namespace has no IPv6 address or route for it' : 'there is no route to it'}`,
        explanation: 'That is not exhaustion of ports: the kernel does not come as far as looking for one.',
        remedies: [remedyOf('See the route', commandInside(`ip route get ${question.destination.toString()}`, namespace), 'None: it only reads.')],
      };
    case undefined:
      return { ...shared, verdict: 'unknown', errno: undefined, clause: undefined, title: `${what}: it could not be found out which source address it would have`, explanation: found.trial.unasked === undefined ? 'The route was not asked for.' : `The kernel was not asked: ${found.trial.unasked}.`, remedies: [] };
  }
}
