import { compileFilter, matches, type SocketFilter } from '../filter/index.ts';
import { Errno, KernelError, readAll, type DiagRequest, type SocketSource } from '../kernel/index.ts';
import { Protocol, SocketTable, stateBit, TcpState, type PortRange, type SocketSink } from '../model/index.ts';

/** UDP sockets are connected or not: the filter's other states ask for none of them. */
const UDP_STATES = stateBit(TcpState.established) | stateBit(TcpState.close);

/**
 * Reads the sockets that a filter selects. The expression runs in the kernel where it can; elsewhere the same
 * expression is evaluated here, with the same result.
 */
export function readSockets(source: SocketSource, protocols: readonly Protocol[], filter: SocketFilter, localPortRange: PortRange): SocketTable {
  const table = new SocketTable();
  for (const protocol of protocols) {
    const states = protocol === Protocol.udp ? filter.states & UDP_STATES : filter.states;
    if (states === 0) continue;
    const part = new SocketTable();
    if (!tryInKernel(source, { protocol, states }, filter, part)) {
      const sink: SocketSink = {
        accept: (socket) => {
          if (matches(filter.expression, socket, { localPortRange })) part.accept(socket);
        },
        reset: () => part.reset(),
      };
      readAll(source.read({ protocol, states }, sink));
    }
    part.forEach((socket) => table.accept(socket));
  }
  return table;
}

function tryInKernel(source: SocketSource, request: DiagRequest, { expression }: SocketFilter, sink: SocketTable): boolean {
  if (expression === undefined || source.name !== 'sock_diag') return false;
  const bytecode = compileFilter(expression);
  if (bytecode === undefined) return false;
  try {
    readAll(source.read({ ...request, bytecode }, sink));
    return true;
  } catch (error) {
    // An operation that this kernel does not know, or a mark without CAP_NET_ADMIN.
    if (!(error instanceof KernelError) || (error.errno !== Errno.EINVAL && error.errno !== Errno.EPERM)) throw error;
    sink.reset();
    return false;
  }
}
