import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { datagram, done, FakeKernel, part, refusal, type FakeReceipt } from '../../../test/support/fake-kernel.ts';
import { InconsistentDumpError, KernelError, MalformedMessageError } from '../errors.ts';
import { WITHOUT_PAUSE } from '../../model/steps.ts';
import { dump, dumpSteps, type DumpHandler } from './dump.ts';
import { NLM_F_DUMP_INTR } from './message.ts';

const { EAGAIN, EBUSY, ENOBUFS, EPERM } = constants.errno;

/** Keeps what a dump has delivered and not taken back. */
class Kept implements DumpHandler {
  readonly values: number[] = [];
  restarts = 0;

  message(_type: number, view: DataView, offset: number): void {
    this.values.push(view.getUint8(offset));
  }

  restart(): void {
    this.restarts++;
    this.values.length = 0;
  }
}

const value = (sequence: number, number: number, flags = 0): Uint8Array => part(sequence, 20, Uint8Array.of(number, 0, 0, 0), flags);

/** What is delivered when the kernel answers so; each answer is for one attempt. */
function attempt(...answers: readonly ((sequence: number) => Iterable<FakeReceipt>)[]): { kernel: FakeKernel; kept: Kept; error: unknown } {
  const kernel = new FakeKernel(({ sequence }, count) => (answers[count - 1] ?? answers.at(-1)!)(sequence));
  const kept = new Kept();
  let error: unknown;
  try {
    dump(kernel, 18, new Uint8Array(4), 'a dump', kept);
  } catch (thrown) {
    error = thrown;
  }
  return { kernel, kept, error };
}

const whole = (sequence: number): Uint8Array[] => [datagram(value(sequence, 1), value(sequence, 2)), value(sequence, 3), done(sequence)];

describe('dump', () => {
  it('delivers the messages of all parts, in order, to the end', () => {
    const { kept, error, kernel } = attempt(whole);
    expect([kept.values, kept.restarts, error, kernel.requests.length]).toEqual([[1, 2, 3], 0, undefined, 1]);
  });

  it('asks with REQUEST and DUMP, and a number of its own each time', () => {
    const one = attempt(whole).kernel.requests[0]!;
    const other = attempt(whole).kernel.requests[0]!;
    expect([one.type, one.flags, one.payload.length]).toEqual([18, 0x301, 4]);
    expect(other.sequence).not.toBe(one.sequence);
  });

  it('pauses after every datagram, unless the runner says that it never does', () => {
    const pausesOf = (answer: unknown): number => {
      const steps = dumpSteps(new FakeKernel(({ sequence }) => whole(sequence)), 18, new Uint8Array(4), 'a dump', new Kept());
      let pauses = 0;
      for (let step = steps.next(answer); step.done !== true; step = steps.next(answer)) pauses++;
      return pauses;
    };
    expect([pausesOf(undefined), pausesOf(WITHOUT_PAUSE)]).toEqual([3, 1]);
  });

  it('is not disturbed by what was left of an earlier dump', () => {
    expect(attempt((sequence) => [value(sequence - 1, 9), done(sequence - 1), ...whole(sequence)]).kept.values).toEqual([1, 2, 3]);
  });

  it('starts again when the kernel says that its table changed, and delivers the second time alone', () => {
    const { kept, error, kernel } = attempt((sequence) => [value(sequence, 8, NLM_F_DUMP_INTR), done(sequence)], whole);
    expect([kept.values, kept.restarts, error, kernel.requests.length]).toEqual([[1, 2, 3], 1, undefined, 2]);
  });

  it('hears the interrupted dump out before it asks again', () => {
    const { kernel } = attempt((sequence) => [value(sequence, 8, NLM_F_DUMP_INTR), value(sequence, 9), done(sequence)], whole);
    expect(kernel.received).toBe(3 + 3);
  });

  it('starts again when messages were lost', () => {
    const { kept, error } = attempt((sequence) => [value(sequence, 8), { errno: ENOBUFS }, done(sequence)], whole);
    expect([kept.values, kept.restarts, error]).toEqual([[1, 2, 3], 1, undefined]);
  });

  it('after messages were lost, hears the first dump out before it asks again: until its end the kernel answers EBUSY', () => {
    let isRunning = false;
    const answer = (sequence: number): Iterable<FakeReceipt> => {
      if (isRunning) return [refusal(sequence, { errno: EBUSY })];
      isRunning = true;
      return (function* () {
        yield value(sequence, 1);
        if (attempts++ === 0) yield { errno: ENOBUFS };
        yield value(sequence, 2);
        isRunning = false;
        yield done(sequence);
      })();
    };
    let attempts = 0;
    const { kept, error } = attempt(answer, answer, answer, answer);
    expect([error, kept.values]).toEqual([undefined, [1, 2]]);
  });

  it.each<[string, (sequence: number) => FakeReceipt[]]>([
    ['the table changes every time', (sequence) => [value(sequence, 8), done(sequence, 0, NLM_F_DUMP_INTR)]],
    ['messages are lost every time', (sequence) => [{ errno: ENOBUFS }, done(sequence)]],
  ])('gives up after four attempts when %s', (_, answer) => {
    const { kernel, kept, error } = attempt(answer);
    expect(error).toBeInstanceOf(InconsistentDumpError);
    expect([kernel.requests.length, kept.restarts]).toEqual([4, 4]);
  });

  it('throws the kernel\'s refusal at once', () => {
    const { kernel, error } = attempt((sequence) => [refusal(sequence, { errno: EPERM, text: 'not you' })]);
    expect(error).toMatchObject({ name: 'KernelError', code: 'EPERM', kernelMessage: 'not you' });
    expect(kernel.requests).toHaveLength(1);
  });

  it('throws when a dump ends with an error', () => {
    expect(attempt((sequence) => [value(sequence, 1), done(sequence, -EPERM)]).error).toBeInstanceOf(KernelError);
  });

  it('throws when the answer stays out', () => {
    expect(attempt((sequence) => [value(sequence, 1)]).error).toMatchObject({ name: 'KernelError', errno: EAGAIN });
  });

  it('takes the largest datagram that the kernel sends, 32 KiB', () => {
    const { kept, error } = attempt((sequence) => [datagram(...Array.from({ length: 1638 }, () => value(sequence, 1))), part(sequence, 20, new Uint8Array(32_768 - 16)), done(sequence)]);
    expect([error, kept.values.length]).toEqual([undefined, 1639]);
  });

  it('throws when a datagram was cut', () => {
    expect(attempt(() => [new Uint8Array(100_000)]).error).toBeInstanceOf(MalformedMessageError);
  });

  it('throws when a datagram is damaged', () => {
    expect(attempt((sequence) => [value(sequence, 1).subarray(0, 18)]).error).toBeInstanceOf(MalformedMessageError);
  });

  it('lets the handler\'s own errors out', () => {
    const kernel = new FakeKernel(({ sequence }) => whole(sequence));
    const handler = { message: () => { throw new RangeError('mine'); }, restart: () => undefined };
    expect(() => dump(kernel, 18, new Uint8Array(0), 'a dump', handler)).toThrow(RangeError);
  });

  it.each<[string, (sequence: number) => Uint8Array]>([
    ['answers to somebody else', (sequence) => value(sequence + 1, 1)],
    ['empty datagrams', () => new Uint8Array(0)],
    ['NLMSG_NOOP', (sequence) => part(sequence, 1, new Uint8Array(0))],
  ])('does not listen for ever to %s', (_, garbage) => {
    let count = 0;
    const kernel = new FakeKernel(function* ({ sequence }) {
      for (;;) {
        // The test's own way out.
        if (++count > 50_000) throw new Error('it would have listened for ever');
        yield garbage(sequence);
      }
    });
    let error: unknown;
    try {
      dump(kernel, 18, new Uint8Array(0), 'a dump', new Kept());
    } catch (thrown) {
      error = thrown;
    }
    expect([MalformedMessageError.name, InconsistentDumpError.name, KernelError.name]).toContain((error as Error).name);
  });
});

describe('dumpSteps', () => {
  it('pauses after every datagram', () => {
    const kernel = new FakeKernel(({ sequence }) => whole(sequence));
    const kept = new Kept();
    const counts: number[] = [];
    for (const _ of dumpSteps(kernel, 18, new Uint8Array(0), 'a dump', kept)) counts.push(kept.values.length);
    expect(counts).toEqual([2, 3, 3]);
  });

  it('lets two dumps take turns without touching each other\'s bytes', () => {
    const [one, other] = [1, 2].map((number) => {
      const kept = new Kept();
      const kernel = new FakeKernel(({ sequence }) => [value(sequence, number), value(sequence, number + 10), done(sequence)]);
      return { kept, steps: dumpSteps(kernel, 18, new Uint8Array(0), 'a dump', kept) };
    });
    for (let turn = 0; turn < 5; turn++) {
      one!.steps.next();
      other!.steps.next();
    }
    expect([one!.kept.values, other!.kept.values]).toEqual([[1, 11], [2, 12]]);
  });
});
