/** A register of the BPF machine: 64 bits. */
export class Register {
  /** 0 to 10. */
  readonly index: number;

  constructor(index: number) {
    this.index = index;
  }

  toString(): string {
    return `r${this.index}`;
  }
}

/** Result of a helper, and of the program. */
export const r0 = new Register(0);
/** First argument of a helper, and the program's context when it begins. Helpers change r1 to r5. */
export const r1 = new Register(1);
export const r2 = new Register(2);
export const r3 = new Register(3);
export const r4 = new Register(4);
export const r5 = new Register(5);
/** r6 to r9 keep their value when a helper is called. */
export const r6 = new Register(6);
export const r7 = new Register(7);
export const r8 = new Register(8);
export const r9 = new Register(9);
/** End of the stack of 512 bytes, which grows towards lower addresses; it cannot be written. */
export const fp = new Register(10);
