import { KernelError } from '../errors.ts';

/** The kernel's verifier refuses a program. */
export class VerifierError extends KernelError {
  /** Slot of the instruction that it stopped at, if it says so. */
  readonly slot: number | undefined;
  /** All that the verifier said. */
  readonly log: string;

  constructor(program: string, errno: number, log: string) {
    const { reason, slot } = explain(log);
    super(`load the BPF program ${program}`, errno, reason === undefined ? undefined : `${reason}${slot === undefined ? '' : `, at slot ${slot}`}`);
    this.slot = slot;
    this.log = log;
  }
}

const summary = /^(processed \d+ insns|verification time|stack depth|max_states|-- BEGIN|-- END)/;
const instruction = /^(\d+): \([0-9a-f]{2}\)/;

/** The last thing that the verifier says before its summary is the reason; the last instruction before that is where. */
export function explain(log: string): { readonly reason: string | undefined; readonly slot: number | undefined } {
  const lines = log.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !summary.test(line));
  const reason = lines.findLast((line) => !instruction.test(line) && !/^(from \d+ to \d+|\d+: R\d|R\d+=|; )/.test(line));
  const last = lines.findLast((line) => instruction.test(line));
  return { reason, slot: last === undefined ? undefined : Number(instruction.exec(last)![1]) };
}
