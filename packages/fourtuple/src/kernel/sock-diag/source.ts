import { BOUND_INACTIVE_BIT } from '../../model/tcp-state.ts';
import { SocketCursor, type SocketSink } from '../../model/socket-cursor.ts';
import { Errno } from '../errno.ts';
import { InconsistentDumpError, KernelError } from '../errors.ts';
import { AF_INET, AF_INET6, NETLINK_SOCK_DIAG } from '../libc.ts';
import { dumpSteps, NOTHING_TAKEN, type DumpHandler, type ReceiveBuffer, type RunTaken } from '../netlink/dump.ts';
import { openKernelSocket, type KernelSocket } from '../netlink/kernel-socket.ts';
import type { SocketSource } from '../socket-source.ts';
import type { Protocol } from '../../model/protocol.ts';
import { decodeSocket } from './decode.ts';
import { RecordRun, takesRuns } from './record-run.ts';
import { encodeLegacyRequest, encodeRequest, fitsLegacy, SOCK_DIAG_BY_FAMILY, TCPDIAG_GETSOCK, type DiagRequest } from './request.ts';

const MAX_FAMILY_DUMPS = 8;

/** Sockets of the namespace in which it was opened, by netlink (net/ipv4/inet_diag.c). */
export class SockDiagSource implements SocketSource {
  readonly name = 'sock_diag';
  readonly limits: readonly string[] = [];
  readonly seesBoundInactive: boolean;
  readonly #socket: KernelSocket;
  #hasLegacy = true;

  /** @param seesBoundInactive whether this kernel reports bound sockets (6.8 and later); see features. */
  constructor(seesBoundInactive: boolean, socket: KernelSocket = openKernelSocket(NETLINK_SOCK_DIAG)) {
    this.#socket = socket;
    this.seesBoundInactive = seesBoundInactive;
    if (!seesBoundInactive) {
      this.limits = ['Sockets that are bound but neither listening nor connected are invisible on this kernel (they are reported since Linux 6.8).'];
    }
  }

  *read(request: DiagRequest, sink: SocketSink): Generator<void> {
    const asked: DiagRequest = this.seesBoundInactive ? request : { ...request, states: request.states & ~BOUND_INACTIVE_BIT };
    const handler = new CursorHandler(asked.protocol, sink);
    if (this.#hasLegacy && fitsLegacy(asked)) {
      try {
        yield* dumpSteps(this.#socket, TCPDIAG_GETSOCK, encodeLegacyRequest(asked), 'sock_diag dump', handler);
        return;
      } catch (error) {
        // A kernel or a seccomp filter without the old request still serves the new one.
        if (!(error instanceof KernelError) || (error.errno !== Errno.EINVAL && error.errno !== Errno.EOPNOTSUPP)) throw error;
        this.#hasLegacy = false;
        handler.restart();
      }
    }
    yield* this.#readFamilies(asked, handler);
  }

  /** One dump a family; a family whose rows a restart of the other threw away is read again. */
  *#readFamilies(request: DiagRequest, handler: CursorHandler): Generator<void> {
    const pending = [AF_INET, AF_INET6];
    const delivered: number[] = [];
    for (let dumps = 0; pending.length > 0; dumps++) {
      if (dumps === MAX_FAMILY_DUMPS) throw new InconsistentDumpError(`sock_diag dump: the table changed under ${dumps} dumps`);
      const family = pending.shift()!;
      handler.onRestart = () => pending.push(...delivered.splice(0));
      yield* dumpSteps(this.#socket, SOCK_DIAG_BY_FAMILY, encodeRequest(request, family), `sock_diag dump (IPv${family === AF_INET ? 4 : 6})`, handler);
      delivered.push(family);
    }
  }

  close(): void {
    this.#socket.close();
  }
}

/** Hands sockets on: in runs where the sink takes them, one by one otherwise. */
class CursorHandler implements DumpHandler {
  readonly #cursor = new SocketCursor();
  readonly #sink: SocketSink;
  readonly #run: RecordRun | undefined;
  onRestart: () => void = () => undefined;

  constructor(protocol: Protocol, sink: SocketSink) {
    this.#cursor.protocol = protocol;
    this.#sink = sink;
    this.#run = takesRuns(sink, protocol) ? new RecordRun(sink) : undefined;
  }

  takeRun(buffer: ReceiveBuffer, length: number, sequence: number): RunTaken {
    return this.#run === undefined ? NOTHING_TAKEN : this.#run.take(buffer, length, sequence);
  }

  message(_type: number, view: DataView, offset: number, length: number): void {
    decodeSocket(view, offset, length, this.#cursor);
    this.#sink.accept(this.#cursor);
  }

  restart(): void {
    this.#sink.reset();
    this.onRestart();
  }
}
