import type { Expression, HostCondition } from '../../src/filter/index.ts';
import { UNKNOWN, type PortRange, type SocketCursor } from '../../src/model/index.ts';

const AF_INET = 2;

/**
 * True where ss asks the kernel for every socket and decides alone: it has no bytecode for `dev` ("bytecompile for
 * SSF_DEVCOND not supported yet", misc/ss.c), and then sends none at all.
 */
export function isLeftToSs(expression: Expression | undefined): boolean {
  if (expression === undefined) return false;
  if (expression.kind === 'and' || expression.kind === 'or') return isLeftToSs(expression.left) || isLeftToSs(expression.right);
  return expression.kind === 'not' ? isLeftToSs(expression.operand) : expression.kind === 'device';
}

/**
 * ss hands its filter to the kernel, and then decides once more by itself on what the kernel let through
 * (run_ssfilter in misc/ss.c, iproute2 6.1). The second look is the kernel's again, save three oddities. After the
 * kernel's answer these can only lose sockets; where {@link isLeftToSs}, they decide.
 * - `autobound` means "the port lies in ip_local_port_range", whatever the kernel knows;
 * - an address is compared bit by bit without a look at its family: under `not`, 0.0.0.0/4 takes away `::1`, too,
 *   because both begin with zeros;
 * - a prefix of length 0 is true for every socket: `not src 0.0.0.0/0` takes away all, where the kernel keeps IPv6.
 */
export function ssSecondLook(expression: Expression | undefined, socket: SocketCursor, localPortRange: PortRange): boolean {
  if (expression === undefined) return true;
  switch (expression.kind) {
    case 'and':
      return ssSecondLook(expression.left, socket, localPortRange) && ssSecondLook(expression.right, socket, localPortRange);
    case 'or':
      return ssSecondLook(expression.left, socket, localPortRange) || ssSecondLook(expression.right, socket, localPortRange);
    case 'not':
      return !ssSecondLook(expression.operand, socket, localPortRange);
    case 'port': {
      const port = expression.side === 'source' ? socket.localPort : socket.remotePort;
      return port >= expression.low && port <= expression.high;
    }
    case 'host':
      return host(expression, socket);
    case 'autobound':
      return socket.localPort >= localPortRange.low && socket.localPort <= localPortRange.high;
    case 'device':
      return socket.interfaceIndex === expression.index;
    case 'mark':
      return ((socket.mark === UNKNOWN ? 0 : socket.mark) & expression.mask) >>> 0 === expression.mark;
    case 'cgroup':
      return socket.cgroupId === expression.id;
  }
}

function host({ side, block, port }: HostCondition, socket: SocketCursor): boolean {
  const isSource = side === 'source';
  if (port !== undefined && port !== (isSource ? socket.localPort : socket.remotePort)) return false;
  if (block === undefined || block.bits === 0) return true;
  const words = isSource ? [socket.local0, socket.local1, socket.local2, socket.local3] : [socket.remote0, socket.remote1, socket.remote2, socket.remote3];
  const { w0, w1, w2, w3 } = block.address;
  const wanted = block.family === 'ipv4' ? [w3] : [w0, w1, w2, w3];
  if (socket.family === AF_INET) return haveSameStart([words[3]!, 0, 0, 0], wanted, block.bits);
  if (haveSameStart(words, wanted, block.bits)) return true;
  const isMapped = words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
  return block.family === 'ipv4' && isMapped && haveSameStart([words[3]!], wanted, block.bits);
}

function haveSameStart(left: readonly number[], right: readonly number[], bits: number): boolean {
  for (let word = 0; word * 32 < bits; word++) {
    const count = Math.min(32, bits - word * 32);
    if ((left[word]! ^ right[word]!) >>> (32 - count) !== 0) return false;
  }
  return true;
}
