import { ownerText } from '../../../diagnose/index.ts';
import { endpointText, protocolName, SocketCursor, stateLabel, stateName, type CgroupName, type Owner } from '../../../model/index.ts';
import { printable, type Column } from '../../../report/index.ts';
import { ownerDocument } from '../../documents.ts';

const AF_INET6 = 10;
const timers = ['', 'retransmit', 'keepalive', 'timewait', 'persist'];

/** One socket of the listing; reused for streams, copied for tables. */
export class SocketRow {
  namespace = '';
  namespaceInode = 0;
  socket = new SocketCursor();
  owner: Owner | undefined;
  cgroup: string | undefined;
  place: CgroupName | undefined;

  copy(): SocketRow {
    const row = Object.assign(new SocketRow(), this);
    row.socket = Object.assign(new SocketCursor(), this.socket);
    return row;
  }
}

const local = ({ socket }: SocketRow): string => endpointText(socket.localAddress(), socket.localPort);
const remote = ({ socket }: SocketRow): string => endpointText(socket.remoteAddress(), socket.remotePort);
const timerText = ({ socket }: SocketRow): string => (socket.timer === 0 ? '-' : `${timers[socket.timer] ?? socket.timer} ${(socket.expiresMs / 1000).toFixed(1)} s`);

function holder({ owner, place, socket }: SocketRow): string {
  if (owner !== undefined) return ownerText(owner);
  const where = place?.container ?? place?.unit;
  return where === undefined ? (socket.inode === 0 ? '-' : `uid ${socket.uid}`) : `(${where})`;
}

export const socketColumns: readonly Column<SocketRow>[] = [
  { id: 'namespace', title: 'namespace', help: 'Network namespace.', align: 'left', value: (row) => row.namespace, canShrink: true, dropFirst: 3 },
  { id: 'protocol', title: 'proto', help: 'tcp or udp.', align: 'left', value: ({ socket }) => protocolName(socket.protocol) },
  { id: 'state', title: 'state', help: "State, with ss's labels.", align: 'left', value: ({ socket }) => stateLabel(socket.state) },
  { id: 'receiveQueue', title: 'recv-q', help: 'Bytes not read yet; for a listener, connections not accepted yet.', align: 'right', value: ({ socket }) => socket.receiveQueue, dropFirst: 4 },
  { id: 'sendQueue', title: 'send-q', help: 'Bytes not acknowledged yet; for a listener, its backlog.', align: 'right', value: ({ socket }) => socket.sendQueue, dropFirst: 4 },
  { id: 'local', title: 'local', help: 'Local address and port.', align: 'left', value: local, canShrink: true },
  { id: 'remote', title: 'remote', help: 'Remote address and port.', align: 'left', value: remote, canShrink: true },
  { id: 'timer', title: 'timer', help: 'Timer that runs, and seconds until it fires.', align: 'left', value: timerText, dropFirst: 2 },
  { id: 'process', title: 'process', help: 'Process that holds it, or its unit or container.', align: 'left', value: holder, text: (row) => printable(holder(row)), canShrink: true, dropFirst: 1 },
];

export function socketDocument({ socket, namespaceInode, owner, cgroup, place }: SocketRow): object {
  return {
    namespace: namespaceInode,
    protocol: protocolName(socket.protocol),
    family: socket.family === AF_INET6 ? 'inet6' : 'inet',
    state: stateName(socket.state),
    local: socket.localAddress().toString(),
    localPort: socket.localPort,
    remote: socket.remoteAddress().toString(),
    remotePort: socket.remotePort,
    device: socket.interfaceIndex,
    receiveQueue: socket.receiveQueue,
    sendQueue: socket.sendQueue,
    timer: socket.timer === 0 ? null : (timers[socket.timer] ?? String(socket.timer)),
    timerMs: socket.timer === 0 ? null : socket.expiresMs,
    uid: socket.uid,
    inode: socket.inode,
    cookie: ((BigInt(socket.cookieHigh) << 32n) | BigInt(socket.cookieLow)).toString(16),
    mark: socket.mark < 0 ? null : socket.mark,
    noPort: socket.noPort < 0 ? null : socket.noPort === 1,
    v6Only: socket.v6Only < 0 ? null : socket.v6Only === 1,
    cgroup: cgroup ?? null,
    ...(place?.unit === undefined ? {} : { unit: place.unit }),
    ...(place?.container === undefined ? {} : { container: place.container }),
    ...ownerDocument(owner),
  };
}
