import type { ConnectOperation, PortVerdict } from '../law/index.ts';
import { TcpState, type Address, type PortRange, type Settings } from '../model/index.ts';
import type { ConnectionRows } from './connection-rows.ts';
import type { PortKinds } from './port-kinds.ts';
import type { ConnectPorts } from './types.ts';

const FREE = 0;
const TAKEN = 1;
const TIME_WAIT = 2;
const REUSABLE = 3;
/** One four-tuple twice, on two devices: the kernel goes by the one that it meets first. */
const EITHER = 4;

/** Counts the ports of a range as one connect() meets them: the law of law/connect.ts, on the rows of a namespace. */
export function connectPorts(rows: ConnectionRows, kinds: PortKinds, settings: Settings, operation: ConnectOperation, range: PortRange): ConnectPorts {
  const marks = new Uint8Array(65536);
  const tuples = tuplesOf(rows, operation);
  for (let row = 0; row < rows.length && tuples.size > 0; row++) {
    if (!tuples.has(rows.tuple.at(row))) continue;
    const port = rows.port.at(row);
    const mark = rows.isReusableAt(row) ? REUSABLE : rows.stateAt(row) === TcpState.timeWait ? TIME_WAIT : TAKEN;
    const marked = marks[port]!;
    if (marked === FREE) marks[port] = mark;
    else if ((marked === REUSABLE) !== (mark === REUSABLE)) marks[port] = EITHER;
    else if (marked === TIME_WAIT) marks[port] = mark;
  }
  const counts: Record<PortVerdict, number> = { free: 0, reserved: 0, explicit: 0, taken: 0, 'time-wait': 0, unknown: 0 };
  let untouched: number | undefined;
  let reusable = 0;
  for (let port = range.low; port <= range.high; port++) {
    if (settings.reservedPorts.has(port)) counts.reserved++;
    else if (kinds.explicit.has(port)) counts.explicit++;
    else if (marks[port] === TAKEN) counts.taken++;
    else if (marks[port] === TIME_WAIT) counts['time-wait']++;
    else if (marks[port] === EITHER || kinds.isGuess(port)) counts.unknown++;
    else {
      counts.free++;
      if (marks[port] === REUSABLE) reusable++;
      else untouched ??= port;
    }
  }
  return { counts, untouched, reusable };
}

/** The tuples whose connections the operation meets: those of its device, and those without one. */
function tuplesOf(rows: ConnectionRows, operation: ConnectOperation): Set<number> {
  const found = new Set<number>();
  const words = (address: Address): number[] => [address.w0, address.w1, address.w2, address.w3];
  const key = [...words(operation.source), ...words(operation.destination), operation.destinationPort].join();
  for (let tuple = 0; tuple < rows.tupleCount; tuple++) {
    const described = rows.describe(tuple);
    if (described.slice(0, 9).join() === key && (described[9] === 0 || described[9] === operation.device)) found.add(tuple);
  }
  return found;
}
