import { runSteps } from './steps.ts';
import { countTcp, descriptorCounts, descriptorSum, KernelError, OWN_NET, ProcFs, readOwnersSteps, SockDiagSource, tcpCountOf, UnsupportedError, type DescriptorSource, type OwnerMode, type OwnersRead, type TcpCount } from '../kernel/index.ts';
import { bpfReaders } from './bpf-readers.ts';
import { noOwners, type OwnerIndex } from '../model/index.ts';
import type { OpenedNamespace } from './source.ts';

/** Reads which process holds which socket at the first need, once for all namespaces: it is the dearest thing to read. */
export class LazyOwners {
  readonly #mode: OwnerMode;
  readonly #limits: string[];
  readonly #isOfOne: boolean;
  #index: OwnerIndex | undefined;

  /**
   * @param limits gets a sentence for what could not be read
   * @param isOfOne whether one namespace is all that is asked about
   */
  constructor(mode: OwnerMode, limits: string[], isOfOne = false) {
    this.#mode = mode;
    this.#limits = limits;
    this.#isOfOne = isOfOne;
  }

  /** Sockets by their descriptors, which tells owners at once, where that is worth it; else undefined. */
  socketsOf(opened: OpenedNamespace, proc: ProcFs, byTwo: boolean): DescriptorSource | undefined {
    const readers = bpfReaders();
    if (readers === undefined || this.#mode === 'none' || !this.#isOfOne || !opened.canEnter || !(opened.source instanceof SockDiagSource)) return undefined;
    const inside = (): TcpCount => opened.inside(() => countTcp(proc, OWN_NET));
    const { hashed } = 'sockstat.TCP.inuse' in opened.counters ? tcpCountOf(opened.counters) : inside();
    // The few of a small host are counted sooner than all descriptors of its processes.
    if (hashed < SOCKETS_FROM) return undefined;
    const descriptors = descriptorCounts(proc);
    if (descriptorSum(descriptors) < SOCKETS_FROM) return undefined;
    try {
      return new readers.DescriptorSource(opened.source, proc, opened.namespace.inode, inside, { descriptors, byTwoFrom: byTwo ? BY_TWO_FROM : undefined });
    } catch (error) {
      if (error instanceof UnsupportedError) return undefined;
      throw error;
    }
  }

  /**
   * The index, read now unless it was before; pauses as it goes.
   * @param isEnough whether an index that lacks some process names all sockets that are asked about
   */
  *steps(isEnough: (index: OwnerIndex) => boolean = () => false): Generator<void, OwnerIndex> {
    if (this.#mode === 'none') return noOwners;
    if (this.#index === undefined) {
      const read = yield* readBestSteps(new ProcFs(), this.#mode, this.#isOfOne ? isEnough : () => false);
      this.#index = read.index;
      this.#limits.push(...read.limits);
    }
    return this.#index;
  }

  /** {@link steps} in one go. */
  get(): OwnerIndex {
    return runSteps(this.steps());
  }
}

/** So many descriptors and more are read by BPF, where it is allowed: to begin with it takes as long as reading these. */
const READ_FROM = 10_000;
/** So many sockets and descriptors and more: the descriptors tell the sockets too. */
const SOCKETS_FROM = 20_000;

/** From so many descriptors on reading takes longer than a second thread takes to start. */
const BY_TWO_FROM = 200_000;

function* readBestSteps(proc: ProcFs, mode: OwnerMode, isEnough: (index: OwnerIndex) => boolean): Generator<void, OwnersRead> {
  const processes = descriptorCounts(proc);
  const count = descriptorSum(processes);
  const byBpf = count >= READ_FROM ? yield* tryBpf(proc, count) : undefined;
  if (byBpf !== undefined) return byBpf;
  const read = yield* readOwnersSteps(proc, mode, processes);
  if (read.isComplete) return read;
  // What could not be read holds none of the sockets in question.
  if (read.index.coverage === 'all' && isEnough(read.index)) return { ...read, limits: [] };
  // BPF is another privilege than looking into the processes of others.
  return (yield* tryBpf(proc, count)) ?? read;
}

function* tryBpf(proc: ProcFs, expected: number): Generator<void, OwnersRead | undefined> {
  const readers = bpfReaders();
  if (readers === undefined) return undefined;
  try {
    return yield* readers.readOwnersByBpfSteps(proc, expected);
  } catch (error) {
    if (error instanceof UnsupportedError || error instanceof KernelError) return undefined;
    throw error;
  }
}
