import { networkInterfaces } from 'node:os';
import { interfaceIndex, NoSuchInterfaceError, probeAddress, reasonOf, UnsupportedError } from '../kernel/index.ts';
import { Address } from '../model/index.ts';
import type { OpenedNamespace, SourceChoice } from './source.ts';

export interface CaseOptions {
  readonly probes: 'auto' | 'none';
  readonly source: SourceChoice;
}

export interface Answered<T> {
  readonly value: T | undefined;
  /** Why it was not asked. */
  readonly unasked: string | undefined;
}

/** An interface that is there, but whose index could not be read: no holder's. */
const UNKNOWN_DEVICE = -1;

/** Asks the kernel about a namespace, as far as that is wanted and possible. */
export class Asking {
  readonly #opened: OpenedNamespace;
  readonly #mode: CaseOptions['probes'];

  constructor(opened: OpenedNamespace, mode: CaseOptions['probes']) {
    this.#opened = opened;
    this.#mode = mode;
  }

  /** A trial: not made where probing is switched off. */
  try<T>(work: () => T): Answered<T> {
    return this.#mode === 'none' ? { value: undefined, unasked: 'probing was switched off (--probe none)' } : this.read(work);
  }

  /** What tries nothing. */
  read<T>(work: () => T): Answered<T> {
    if (!this.#opened.canEnter) return { value: undefined, unasked: 'the namespace could not be entered' };
    try {
      return { value: this.#opened.inside(work), unasked: undefined };
    } catch (error) {
      return { value: undefined, unasked: error instanceof UnsupportedError ? `it takes ${error.needs}` : reasonOf(error) };
    }
  }

  /** Index of an interface. @throws NoSuchInterfaceError */
  device(name: string | undefined): number {
    if (name === undefined) return 0;
    const { value, unasked } = this.read(() => interfaceIndex(name));
    if (value === undefined && unasked === undefined) throw new NoSuchInterfaceError(name, this.#opened.namespace.name);
    return value ?? UNKNOWN_DEVICE;
  }

  /** Whether an address may be bound: 0 or the errno; undefined where that was not asked and no interface that is up has it. */
  bindable(address: Address, device: string | undefined): number | undefined {
    if (address.isUnspecified) return 0;
    const { value } = this.try(() => probeAddress(address, device));
    return value ?? (device === undefined && this.#hasAddress(address) ? 0 : undefined);
  }

  #hasAddress(address: Address): boolean {
    if (address.isLoopback) return true;
    const { value } = this.read(() => Object.values(networkInterfaces()).flat());
    return value?.some((one) => one !== undefined && Address.parse(one.address)?.equals(address) === true) === true;
  }
}
