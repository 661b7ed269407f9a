import { UNKNOWN, type SocketCursor } from '../../model/socket-cursor.ts';
import { TcpState } from '../../model/tcp-state.ts';
import { MalformedMessageError } from '../errors.ts';
import { AF_INET } from '../libc.ts';
import { HOST_LITTLE_ENDIAN } from '../netlink/message.ts';

/** sizeof(struct inet_diag_msg) */
export const DIAG_MESSAGE_BYTES = 72;

const INET_DIAG_SKV6ONLY = 11;
const INET_DIAG_MARK = 15;
const INET_DIAG_CGROUP_ID = 21;
export const INET_DIAG_SOCKOPT = 22;
const TIMER_TIME_WAIT = 3;

/**
 * Decodes struct inet_diag_msg and its attributes (include/uapi/linux/inet_diag.h) into the cursor.
 * Unknown attributes are skipped. Nothing is allocated.
 * @throws MalformedMessageError when the record is too short or an attribute overruns it.
 */
export function decodeSocket(view: DataView, at: number, length: number, into: SocketCursor): void {
  if (length < DIAG_MESSAGE_BYTES) throw new MalformedMessageError(`a socket record of ${length} bytes, of at least ${DIAG_MESSAGE_BYTES}`);
  const family = view.getUint8(at);
  into.family = family;
  into.state = view.getUint8(at + 1);
  into.timer = view.getUint8(at + 2);
  into.retransmits = view.getUint8(at + 3);
  into.localPort = view.getUint16(at + 4);
  into.remotePort = view.getUint16(at + 6);
  if (family === AF_INET) {
    into.local0 = 0;
    into.local1 = 0;
    into.local2 = 0xffff;
    into.local3 = view.getUint32(at + 8);
    into.remote0 = 0;
    into.remote1 = 0;
    into.remote2 = 0xffff;
    into.remote3 = view.getUint32(at + 24);
  } else {
    into.local0 = view.getUint32(at + 8);
    into.local1 = view.getUint32(at + 12);
    into.local2 = view.getUint32(at + 16);
    into.local3 = view.getUint32(at + 20);
    into.remote0 = view.getUint32(at + 24);
    into.remote1 = view.getUint32(at + 28);
    into.remote2 = view.getUint32(at + 32);
    into.remote3 = view.getUint32(at + 36);
  }
  into.interfaceIndex = view.getInt32(at + 40, HOST_LITTLE_ENDIAN);
  into.expiresMs = view.getInt32(at + 52, HOST_LITTLE_ENDIAN);
  into.inode = view.getUint32(at + 68, HOST_LITTLE_ENDIAN);
  into.cookieLow = view.getUint32(at + 44, HOST_LITTLE_ENDIAN);
  into.cookieHigh = view.getUint32(at + 48, HOST_LITTLE_ENDIAN);
  into.receiveQueue = view.getUint32(at + 56, HOST_LITTLE_ENDIAN);
  into.sendQueue = view.getUint32(at + 60, HOST_LITTLE_ENDIAN);
  into.uid = view.getUint32(at + 64, HOST_LITTLE_ENDIAN);
  into.cgroupId = 0;
  into.mark = UNKNOWN;
  into.noPort = UNKNOWN;
  into.v6Only = UNKNOWN;
  const end = at + length;
  let attribute = at + DIAG_MESSAGE_BYTES;
  while (attribute + 4 <= end) {
    const attributeLength = view.getUint16(attribute, HOST_LITTLE_ENDIAN);
    if (attributeLength < 4 || attribute + attributeLength > end) {
      throw new MalformedMessageError(`an attribute of ${attributeLength} bytes overruns its socket record`);
    }
    const size = attributeLength - 4;
    switch (view.getUint16(attribute + 2, HOST_LITTLE_ENDIAN)) {
      case INET_DIAG_CGROUP_ID:
        if (size >= 8) into.cgroupId = readU64(view, attribute + 4);
        break;
      case INET_DIAG_SOCKOPT:
        if (size >= 2) into.noPort = view.getUint8(attribute + 5) & 1;
        break;
      case INET_DIAG_MARK:
        if (size >= 4) into.mark = view.getUint32(attribute + 4, HOST_LITTLE_ENDIAN);
        break;
      case INET_DIAG_SKV6ONLY:
        if (size >= 1) into.v6Only = view.getUint8(attribute + 4) === 0 ? 0 : 1;
        break;
      default:
        break;
    }
    attribute += (attributeLength + 3) & ~3;
  }
  // A bound, unconnected TCP socket is reported with the state byte of a closed one.
  if (into.state === TcpState.close && into.protocol === 6) into.state = TcpState.boundInactive;
}

/** True for a timewait bucket: TIME_WAIT, or an orphan's FIN_WAIT2. */
export function isTimeWaitBucket(socket: SocketCursor): boolean {
  return socket.timer === TIMER_TIME_WAIT && socket.inode === 0;
}

function readU64(view: DataView, at: number): number {
  const low = view.getUint32(at + (HOST_LITTLE_ENDIAN ? 0 : 4), HOST_LITTLE_ENDIAN);
  const high = view.getUint32(at + (HOST_LITTLE_ENDIAN ? 4 : 0), HOST_LITTLE_ENDIAN);
  return high * 0x1_0000_0000 + low;
}
