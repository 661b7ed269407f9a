import { sameBits, UNKNOWN, type PortRange, type SocketCursor } from '../model/index.ts';
import type { Expression, HostCondition } from './expression.ts';

const AF_INET6 = 10;

export interface EvaluationContext {
  /** Stands in for the kernel's knowledge of autobound sockets, which no record carries: ports inside are taken for it. */
  readonly localPortRange: PortRange;
}

/** Decides as the kernel's `inet_diag_bc_run` does, on a record. */
export function matches(expression: Expression | undefined, socket: SocketCursor, context: EvaluationContext): boolean {
  if (expression === undefined) return true;
  switch (expression.kind) {
    case 'and':
      return matches(expression.left, socket, context) && matches(expression.right, socket, context);
    case 'or':
      return matches(expression.left, socket, context) || matches(expression.right, socket, context);
    case 'not':
      return !matches(expression.operand, socket, context);
    case 'port': {
      const port = expression.side === 'source' ? socket.localPort : socket.remotePort;
      return port >= expression.low && port <= expression.high;
    }
    case 'host':
      return matchesHost(expression, socket);
    case 'autobound':
      return socket.localPort >= context.localPortRange.low && socket.localPort <= context.localPortRange.high;
    case 'device':
      return socket.interfaceIndex === expression.index;
    case 'mark':
      return socket.mark !== UNKNOWN && (socket.mark & expression.mask) >>> 0 === expression.mark;
    case 'cgroup':
      return socket.cgroupId === expression.id;
  }
}

/** True when the expression says something that a record does not carry, so that only the kernel is exact. */
export function needsKernel(expression: Expression | undefined): boolean {
  if (expression === undefined) return false;
  if (expression.kind === 'and' || expression.kind === 'or') return needsKernel(expression.left) || needsKernel(expression.right);
  return expression.kind === 'not' ? needsKernel(expression.operand) : expression.kind === 'autobound';
}

function matchesHost({ side, block, port }: HostCondition, socket: SocketCursor): boolean {
  const isSource = side === 'source';
  if (port !== undefined && port !== (isSource ? socket.localPort : socket.remotePort)) return false;
  if (block === undefined) return true;
  const w0 = isSource ? socket.local0 : socket.remote0;
  const w1 = isSource ? socket.local1 : socket.remote1;
  const w2 = isSource ? socket.local2 : socket.remote2;
  const w3 = isSource ? socket.local3 : socket.remote3;
  const { address, bits } = block;
  if (block.family === 'ipv4') return w0 === 0 && w1 === 0 && w2 === 0xffff && sameBits(address.w3, w3, bits);
  return socket.family === AF_INET6 && sameBits(address.w0, w0, bits) && sameBits(address.w1, w1, bits - 32) && sameBits(address.w2, w2, bits - 64) && sameBits(address.w3, w3, bits - 96);
}
