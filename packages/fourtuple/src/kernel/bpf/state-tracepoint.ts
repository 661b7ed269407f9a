import { UnsupportedError } from '../errors.ts';
import { loadLibc } from '../libc.ts';
import { kernelBtf, type Btf } from './btf.ts';
import { attachToTracepoint, loadProgram } from './program.ts';

/** The kernel's type information. @throws UnsupportedError where it has none */
export function typesOfKernel(): Btf {
  try {
    return kernelBtf();
  } catch (error) {
    throw new UnsupportedError('BPF on structures of the kernel', 'a kernel with type information (CONFIG_DEBUG_INFO_BTF: /sys/kernel/btf/vmlinux)', error);
  }
}

/**
 * Runs a program at each change of a socket's state (sock:inet_sock_set_state, Linux 4.16), in all namespaces.
 * @param make the program for this kernel
 * @returns what ends it
 * @throws UnsupportedError without CAP_BPF and CAP_PERFMON @throws VerifierError
 */
export function attachToSocketStates(name: string, make: (types: Btf) => Uint8Array): () => void {
  const types = typesOfKernel();
  const tracepoint = types.find('typedef', 'btf_trace_inet_sock_set_state');
  if (tracepoint === undefined) throw new UnsupportedError('BPF on changes of sockets\' states', 'the tracepoint sock:inet_sock_set_state (Linux 4.16)');
  const program = loadProgram({ name, type: 'tracing', attach: 'rawTracepoint', attachTypeId: tracepoint, code: make(types) });
  try {
    const link = attachToTracepoint(program);
    return () => loadLibc().close(link);
  } finally {
    // The link keeps it.
    loadLibc().close(program);
  }
}
