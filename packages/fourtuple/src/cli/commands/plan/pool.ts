import { busyConnections, closingSeconds, deadlockFloor, idleChurn, poolFor, poolPorts, recyclePile, waitsLonger } from '../../../plan/index.ts';
import { plural } from '../../../model/index.ts';
import { ExitCode, type CliContext } from '../../context.ts';
import { UsageError } from '../../errors.ts';
import { Printer } from '../../printer.ts';
import type { PoolFlags } from './command.ts';
import { figure, shareText, timeText } from './numbers.ts';
import { computed } from './request.ts';

export function runPlanPool(this: CliContext, flags: PoolFlags): void {
  const { rate, requestTime, wait, miss, renew, jitter, idle, threads, each } = flags;
  if (requestTime === 0) throw new UsageError('--request-time is above 0: a request keeps its connection for some time');
  if (renew === 0) throw new UsageError('--renew is above 0');
  if (threads === undefined && each !== 1) throw new UsageError('--each belongs to --threads');
  const demand = { requestsPerSecond: rate, requestSeconds: requestTime };
  const busy = busyConnections(demand);
  const size = Math.max(computed(() => poolFor(demand, wait, miss)), threads === undefined ? 1 : deadlockFloor(threads, each));
  const timeWait = closingSeconds('we');
  const waits = waitsLonger(size, busy, wait / requestTime);
  const ports = poolPorts(size, renew, 1, timeWait);
  const unpooled = rate * (requestTime + timeWait);
  const pile = recyclePile({ size, lifetimeSeconds: renew, jitter, closingSeconds: timeWait });
  // No more than there are requests.
  const churn = idle === undefined ? undefined : Math.min(rate, idleChurn(demand, size, idle));
  const floor = threads === undefined ? undefined : deadlockFloor(threads, each);
  const printer = new Printer(this, flags);
  this.process.exitCode = ExitCode.done;
  if (flags.json === true) {
    printer.json({ schema: 'fourtuple.plan/1', kind: 'pool', size, busy, waitsLonger: waits, waitSeconds: wait, ports, portsWithoutPool: unpooled, deadlockFloor: floor ?? null, timeWaitAfterRenewal: pile, newConnectionsPerSecondIdle: churn ?? null });
    return;
  }
  printer.paragraph(`${plural(size, 'connection')}: ${figure(busy)} are busy on average, and ${shareText(waits)} of the requests wait longer than ${timeText(wait)}.`, { style: 'ok' });
  if (printer.isQuiet) return printer.flush();
  printer.paragraph(`Ports: ${figure(ports)} on average, each connection renewed after ${timeText(renew)}; without a pool the same requests take ${figure(unpooled)} (we close first, TIME_WAIT ${timeText(timeWait)}).`, { hanging: '  ' });
  printer.paragraph(`Renewals: of connections that were made together ${figure(pile)} are in TIME_WAIT at once, with ${jitter === 0 ? 'no jitter' : `renewals spread over ${shareText(jitter)} of their age`}. ${jitter < 0.25 ? 'Spread them over a quarter at least.' : ''}`.trimEnd(), { hanging: '  ' });
  if (churn !== undefined) printer.paragraph(`Idle time-out ${timeText(idle!)}: at most ${figure(churn)} new connections a second because of it, the last used first (LIFO), which leave ${figure(churn * timeWait)} ports in TIME_WAIT.`, { hanging: '  ' });
  if (floor !== undefined) printer.paragraph(`${plural(threads!, 'thread')} that hold ${each} at once cannot block each other from ${floor} connections on${floor >= size ? ': that decides' : ''}.`, { hanging: '  ' });
  printer.paragraph('Erlang C: requests at random, waits without giving up. Keep the idle time-out below that of the server and of every NAT on the way.', { style: 'dim' });
  printer.flush();
}
