import type { Address } from '../model/index.ts';

/** One address to come from, or the kernel's choice of one, and its counters. */
export class Source {
  /** Undefined for the kernel's choice. */
  readonly address: Address | undefined;
  /** `*` for the kernel's choice. */
  readonly text: string;
  /** Its place among those of its family. */
  readonly index: number;
  open = 0;
  connects = 0;
  exhausted = 0;
  overBudget = 0;
  missing = 0;

  constructor(address: Address | undefined, index: number) {
    this.address = address;
    this.text = address === undefined ? '*' : address.toString();
    this.index = index;
  }
}
