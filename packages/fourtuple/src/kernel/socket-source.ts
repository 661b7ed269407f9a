import type { SocketSink } from '../model/socket-cursor.ts';
import { runSteps } from '../model/steps.ts';
import type { DiagRequest } from './sock-diag/request.ts';

/**
 * Where sockets come from: sock_diag, BPF iterators, the text files of /proc, a recording.
 * One contract suite runs on all of them; what a source cannot tell it reports as UNKNOWN in the record and as a
 * sentence in {@link SocketSource.limits}.
 */
export interface SocketSource {
  readonly name: 'sock_diag' | 'bpf' | 'procfs' | 'file';
  /** What this source can never see, one sentence each. */
  readonly limits: readonly string[];
  /** True when bound, unconnected sockets can be asked for. */
  readonly seesBoundInactive: boolean;
  /** Delivers every matching socket, pausing between datagrams until told that there is no need (`WITHOUT_PAUSE`); drive it to the end. */
  read(request: DiagRequest, sink: SocketSink): Generator<void>;
  close(): void;
}

/** Drives a read to its end without a pause. */
export function readAll(steps: Generator<void>): void {
  runSteps(steps);
}
