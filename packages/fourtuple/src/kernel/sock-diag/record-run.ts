import { Protocol } from '../../model/protocol.ts';
import { TcpState } from '../../model/tcp-state.ts';
import { UNKNOWN, type SocketSink } from '../../model/socket-cursor.ts';
import { RECORDS, SocketRecords, type RecordSink } from '../../model/socket-records.ts';
import type { ReceiveBuffer, RunTaken } from '../netlink/dump.ts';
import { HEADER_BYTES, HOST_LITTLE_ENDIAN, NLM_F_MULTI } from '../netlink/message.ts';
import { DIAG_MESSAGE_BYTES, INET_DIAG_SOCKOPT } from './decode.ts';
import { SOCK_DIAG_BY_FAMILY, TCPDIAG_GETSOCK } from './request.ts';

const HEADER_WORDS = HEADER_BYTES / 4;
/** Header and two bytes of flags, of an attribute that comes last. */
const SOCKOPT_BYTES = 6;
const SOCKOPT_WORDS = 2;
const NO_PORT_BIT = HOST_LITTLE_ENDIAN ? 8 : 16;
/** The second byte in memory. */
const STATE_SHIFT = HOST_LITTLE_ENDIAN ? 8 : 16;
const SMALLEST = HEADER_BYTES + DIAG_MESSAGE_BYTES;

/** Two 16-bit fields that lie one after the other, as the word that they make. */
function pair(first: number, second: number): number {
  return HOST_LITTLE_ENDIAN ? first | (second << 16) : (first << 16) | second;
}

const SOCKOPT_HEADER = pair(SOCKOPT_BYTES, INET_DIAG_SOCKOPT);
/** Type and flags of an answer; any other flag makes a message special. */
const LEGACY_ANSWER = pair(TCPDIAG_GETSOCK, NLM_F_MULTI);
const FAMILY_ANSWER = pair(SOCK_DIAG_BY_FAMILY, NLM_F_MULTI);

/**
 * Finds the records of connected sockets at the begin of a datagram and hands them on as they lie there. It stops at
 * the first message that is anything else: a control message, a flag, another request's answer, a record with a length
 * that does not fit, a socket that listens or is bound alone (whose attributes matter).
 */
export class RecordRun {
  readonly #sink: RecordSink;
  #records: SocketRecords | undefined;

  constructor(sink: RecordSink) {
    this.#sink = sink;
  }

  take({ words }: ReceiveBuffer, length: number, sequence: number): RunTaken {
    if (this.#records?.words !== words) this.#records = new SocketRecords(words);
    const records = this.#records;
    const bytes = findRecords(records, length, sequence);
    if (this.#sink.ignoresNoPort !== true) readNoPort(records);
    if (records.length > 0) this.#sink.take(records);
    return { messages: records.length, bytes };
  }
}

/**
 * Notes where the records lie. Apart from what is done with them: V8 would compile the one into the other, which takes
 * it longer than 100,000 sockets take. Until it has compiled this, a name of the module costs two steps, a local one.
 * @returns up to which byte
 */
function findRecords(records: SocketRecords, length: number, sequence: number): number {
  const { words, starts } = records;
  const { close, listen } = TcpState;
  const legacyAnswer = LEGACY_ANSWER;
  const familyAnswer = FAMILY_ANSWER;
  const stateShift = STATE_SHIFT;
  // Where the last record's header may begin.
  const last = (length >> 2) - HEADER_WORDS;
  let at = 0;
  let count = 0;
  while (at <= last && count < RECORDS) {
    const size = words[at]!;
    const next = at + (size >> 2);
    if ((size & 3) !== 0 || size < SMALLEST || next > last + HEADER_WORDS || words[at + 2] !== sequence) break;
    const kind = words[at + 1]!;
    if (kind !== legacyAnswer && kind !== familyAnswer) break;
    const start = at + HEADER_WORDS;
    const state = (words[start]! >>> stateShift) & 0xff;
    if (state === close || state === listen) break;
    starts[count] = start;
    count++;
    at = next;
  }
  records.length = count;
  return at << 2;
}

/** Of each record the option, which the kernel writes as the last attribute; a timewait bucket has none at all. */
function readNoPort({ words, starts, noPort, length }: SocketRecords): void {
  const sockopt = SOCKOPT_HEADER;
  const noPortBit = NO_PORT_BIT;
  for (let index = 0; index < length; index++) {
    const at = starts[index]! - HEADER_WORDS;
    const size = words[at]!;
    const next = at + (size >> 2);
    // The option's flags are its second byte.
    noPort[index] = size > SMALLEST && words[next - SOCKOPT_WORDS] === sockopt ? (words[next - 1]! >>> noPortBit) & 1 : UNKNOWN;
  }
}

/** True for a sink and a request that go together with runs: connected TCP sockets. */
export function takesRuns(sink: SocketSink, protocol: Protocol): sink is RecordSink {
  return 'take' in sink && protocol === Protocol.tcp;
}
