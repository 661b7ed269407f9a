import { v6OnlyAfterBind, type Clause } from '../../law/index.ts';
import { endpointText, grouped, plural, PortSet, TcpState } from '../../model/index.ts';
import type { BindCase, KnownHolder } from '../../usage/index.ts';
import type { Remedy } from '../finding.ts';
import { knownServices } from '../../knobs/services/known-services.ts';
import { present, remedyOf } from '../remedies.ts';
import { commandInside, fourtupleCommand, limitFlag } from './aim.ts';
import { clauseText, settle, type Answer } from './answer.ts';
import { holderText, secondsLeft } from './holder-text.ts';

/** By how much a timer of 60 s can be late: the grain of the timer wheel there, 2.0 s at HZ 250 and 4.1 s at HZ 1000. */
const LATE_SECONDS = 5;

/** Says why a bind() fails, or that it would not. */
export function answerBind(found: BindCase): Answer {
  const { question, ruling, trial } = found;
  const what = `bind(${endpointText(question.address, question.port)})`;
  const settled = settle(ruling, trial, what);
  const isFailing = settled.verdict !== 'succeeds';
  // Where the law could not tell, the trial tells which of the unsure ones was in the way; where it fails otherwise, nobody was.
  const blockers = isFailing ? ruling.holders : [];
  return {
    ...settled,
    clause: settledClause(found, settled.verdict),
    title: titleOf(found, what, settled, blockers),
    explanation: explain(found, settled.verdict),
    notes: notesOf(found, settled.verdict),
    holders: found.holders,
    remedies: isFailing ? remediesOf(found, blockers) : [],
  };
}

function titleOf(found: BindCase, what: string, { verdict, errno }: Pick<Answer, 'verdict' | 'errno'>, blockers: readonly KnownHolder[]): string {
  const { pool } = found;
  if (verdict === 'unknown' && found.ruling.clause === 'address-not-local') return `${what} fails or not, depending on whether the address is on this host, which was not asked`;
  if (verdict === 'unknown' && pool !== undefined) return `${what} may fail with ${found.ruling.errno ?? 'an error'}: ${pool.free === 0 ? `each of the ${grouped(pool.capacity)} usable ports has a holder` : `${plural(pool.free, 'port')} of ${grouped(pool.capacity)} ${pool.free === 1 ? 'is' : 'are'} free for it`}`;
  if (verdict === 'unknown') return `${what} fails or not, depending on what could not be read${blockers.length > 0 ? `: ${held(blockers)}` : ''}`;
  if (verdict === 'succeeds') {
    if (pool !== undefined && pool.free === 0) return `${what} succeeds: the kernel found a port, though each of the ${grouped(pool.capacity)} usable ones has a holder`;
    if (pool !== undefined) return `${what} succeeds: ${plural(pool.free, 'port')} of ${grouped(pool.capacity)} ${pool.free === 1 ? 'is' : 'are'} free for it`;
    return found.holders.length === 0 ? `${what} succeeds: nobody holds the port` : `${what} succeeds beside ${plural(found.holders.length, 'holder')} of the port`;
  }
  const because = blockers.length > 0 ? held(blockers) : pool !== undefined ? `none of the ${grouped(pool.capacity)} usable ports is free for this address` : reasons[found.ruling.clause];
  return `${what} fails with ${errno ?? 'an error'}${because === undefined ? '' : `: ${because}`}`;
}

const reasons: Readonly<Record<string, string | undefined>> = {
  'address-not-local': 'the address is not on this host',
  'port-privileged': 'the port takes a privilege',
  'mapped-on-v6only': 'the address is IPv4, the socket IPv6 only',
};

function held(blockers: readonly KnownHolder[]): string {
  const [first] = blockers;
  const text = holderText(first!);
  const others = blockers.length - 1;
  return `${first!.state === TcpState.listen && first!.protocol === 'tcp' ? text : `${text} holds the port`}${others > 0 ? ` (and ${others} more)` : ''}`;
}

/** Why the law alone could not tell. */
type Doubt = 'pool' | 'odd-range' | 'order' | 'bucket' | 'memory' | 'flags';

const doubts: Readonly<Record<Doubt, string>> = {
  pool: 'The count of free ports minds neither devices nor flags',
  'odd-range': 'One port is left, and in a range of an odd number of ports the kernel may not try it',
  bucket: 'A TIME_WAIT does not tell whether its socket had SO_REUSEADDR',
  memory: 'The kernel may remember the port as shared by SO_REUSEPORT, which nothing tells',
  order: 'UDP goes by the holder that came last, and nothing tells which one that is',
  flags: 'Not all flags of the holders could be read',
};

function doubtOf({ ruling, pool, question, holders }: BindCase): Doubt {
  if (ruling.clause === 'odd-range') return 'odd-range';
  if (pool !== undefined) return 'pool';
  if (holders.some((holder) => holder.isBucket && holder.reuseAddress === undefined)) return 'bucket';
  const isKnown = holders.every(({ reuseAddress, reusePort, v6Only, isIpv6Socket }) => reuseAddress !== undefined && reusePort !== undefined && (!isIpv6Socket || v6Only !== undefined));
  if (question.protocol === 'udp' && holders.length > 1 && isKnown) return 'order';
  return question.protocol === 'tcp' && question.reusePort && isKnown ? 'memory' : 'flags';
}

/** The clause that decides. A law that could not tell has named what might be in the way; it was not, where bind() passes. */
function settledClause(found: BindCase, verdict: Answer['verdict']): Clause | undefined {
  const { ruling, question } = found;
  if (ruling.outcome !== 'unknown' || verdict !== 'succeeds') return ruling.clause;
  const doubt = doubtOf(found);
  if (doubt === 'pool' || doubt === 'odd-range') return 'port-found';
  if (doubt === 'bucket' && question.reuseAddress && !question.reusePort) return 'both-reuse-address';
  return doubt === 'memory' ? 'bucket-lets-in' : undefined;
}

function explain(found: BindCase, verdict: Answer['verdict']): string {
  const { ruling, trial } = found;
  if (ruling.outcome !== 'unknown' || trial.errno === undefined) return `${clauseText(ruling.clause)}.`;
  const clause = settledClause(found, verdict);
  const outcome = verdict === 'fails' ? clauseText(ruling.clause) : clause === undefined || clause === 'both-reuse-address' ? 'they let this bind() pass' : clauseText(clause);
  return `${doubts[doubtOf(found)]}; the kernel was asked: ${outcome}.`;
}

function notesOf(found: BindCase, verdict: Answer['verdict']): string[] {
  const { question, holders, trial, settings, ruling } = found;
  const notes: string[] = [];
  const isTcp = question.protocol === 'tcp';
  if (isTcp && question.port !== 0 && holders.length > 0) {
    notes.push(question.reuseAddress ? 'The server is taken to set SO_REUSEADDR, as most do (--no-reuse-address asks without).' : 'The server is taken not to set SO_REUSEADDR (--reuse-address asks with it).');
  }
  const hasListener = holders.some((holder) => holder.protocol === 'tcp' && holder.state === TcpState.listen);
  if (verdict === 'fails' && isTcp && question.port !== 0 && ruling.holders.length > 0 && !hasListener) notes.push('Nobody listens on the port: "ss -tlnp" and "lsof -i" with LISTEN show nothing, and messages such as "another server is already running" mislead.');
  if (verdict === 'succeeds' && found.isInRange && !found.isReserved && question.port !== 0) notes.push(`The port lies in ip_local_port_range (${settings.localPortRange.low}-${settings.localPortRange.high}) and is not reserved: while nobody listens, any connect() may be given it.`);
  if (!question.address.isUnspecified && v6OnlyAfterBind({ ...question, isIpv6Socket: !question.address.isIpv4, device: 0, uid: undefined }) === true && holders.some((holder) => holder.address.isIpv4 && holder.address.isUnspecified)) notes.push('A holder on 0.0.0.0 is no obstacle to an IPv6 address of its own.');
  if (trial.unasked !== undefined) notes.push(`The kernel was not asked (${trial.unasked}): this is the law applied to what could be seen.`);
  return notes;
}

function remediesOf(found: BindCase, blockers: readonly KnownHolder[]): Remedy[] {
  const { question, namespace } = found;
  const { port } = question;
  switch (found.ruling.clause) {
    case 'address-not-local':
      return present(remedyOf('See which addresses this namespace has', commandInside('ip -brief address', namespace), 'None: it only reads.'), inside('Let programs bind addresses that are not here (for addresses that move between hosts)', `sysctl -w net.ipv4.ip_nonlocal_bind=1`, namespace, 'A mistyped address is then accepted too, and never reached.'));
    case 'port-privileged':
      return present(
        inside(`Let everybody bind from port ${port} on`, `sysctl -w net.ipv4.ip_unprivileged_port_start=${port}`, namespace, 'Any user may then take any port from there on while its service is down.'),
        { title: 'Give the program CAP_NET_BIND_SERVICE (AmbientCapabilities= of its systemd unit, or setcap)', risk: 'None for others.' },
      );
    case 'range-held':
    case 'range-reserved':
      return [
        { title: 'Set IP_BIND_ADDRESS_NO_PORT before bind(address, 0): connect() then shares ports between destinations', risk: 'None; the program must be changed.' },
        { title: 'Use one more source address: each has the whole range for itself', risk: 'Firewalls elsewhere may expect the old address.' },
        { title: 'See who holds the ports', command: fourtupleCommand('ports --verbose', namespace), risk: 'None: it only reads.' },
      ];
    default:
      return [...blockers.slice(0, 3).flatMap((holder) => freeing(holder, found)), ...present(blockers.some(isOutgoing) ? reserve(found) : undefined)];
  }
}

function freeing(holder: KnownHolder, { question, namespace, holders }: BindCase): Remedy[] {
  const { seen } = holder;
  const { port } = question;
  if (holder.protocol === 'udp' || holder.state === TcpState.listen) {
    const unit = seen.owner?.unit;
    if (unit !== undefined && unit.endsWith('.service')) return [{ title: `If ${unit} is not wanted here: stop it`, command: `systemctl stop ${unit}`, risk: 'Its clients lose it.' }];
    return seen.owner === undefined ? [] : [{ title: `If ${seen.owner.command} is an old instance: end it`, command: `kill ${seen.owner.pid}`, risk: 'Its clients lose it; what restarts it will start it again.' }];
  }
  if (seen.isBucket) {
    return [
      { title: `Wait ${secondsLeft(seen)}, and up to ${LATE_SECONDS} s more since the kernel's timer is late: the port is then free`, command: `sleep ${Math.ceil(seen.timeWaitSecondsLeft ?? 0) + LATE_SECONDS}`, risk: 'None.' },
      { title: 'End the TIME_WAIT now', command: fourtupleCommand(`free time-wait --port ${port}${limitFlag(holders.filter(({ isBucket }) => isBucket).length)} --yes`, namespace), risk: 'Late packets of the old connection may meet a new one on the same four-tuple.' },
    ];
  }
  const beside: Remedy | undefined =
    seen.descriptor !== undefined && question.reuseAddress && seen.sharing?.reuseAddress !== true
      ? { title: 'Let a server that sets SO_REUSEADDR bind beside it: the connection lives on', command: fourtupleCommand(`free bind-beside ${port} --yes`, namespace), risk: 'None known: it sets SO_REUSEADDR on the holder, as its program could have.' }
      : undefined;
  const holderName = seen.owner?.command ?? 'its process';
  return present(
    beside,
    { title: `End the connection: ${holderName} gets ECONNABORTED`, command: fourtupleCommand(`free connection --port ${port}${limitFlag(holders.filter(({ isBucket, remotePort }) => !isBucket && remotePort !== 0).length)} --yes`, namespace), risk: `${holderName} loses this connection and must cope with it.` },
  );
}

/** Where reserving would have helped: neither a server nor what it accepted. */
function isOutgoing({ protocol, state, seen }: KnownHolder): boolean {
  return protocol === 'tcp' && state !== TcpState.listen && seen.evidence !== 'accepted';
}

/** Keeps connect() away from the port from now on; the whole list must be written, since it replaces the old one. */
function reserve({ question, settings, namespace, isInRange, isReserved }: BindCase): Remedy | undefined {
  if (!isInRange || isReserved) return undefined;
  const list = settings.reservedPorts.clone().addAll(PortSet.of([question.port])).toString();
  const service = knownServices.get(question.port);
  return inside(`Reserve the port${service === undefined ? '' : ` of ${service}`}, so that no connect() is given it again`, `sysctl -w net.ipv4.ip_local_reserved_ports="${list}"`, namespace, 'Frees nothing now; gone at the next boot unless it is also written to /etc/sysctl.d.');
}

function inside(title: string, command: string, namespace: BindCase['namespace'], risk: string): Remedy {
  return remedyOf(title, commandInside(command, namespace), risk);
}
