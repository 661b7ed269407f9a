import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { datagram, done, part, refusal } from '../../../test/support/fake-kernel.ts';
import { KernelError, MalformedMessageError } from '../errors.ts';
import { encodeAttribute, encodeMessage, NLM_F_DUMP_INTR, NLMSG_NOOP, NLMSG_OVERRUN, readMessages, type BufferOutcome } from './message.ts';

interface Read extends BufferOutcome {
  readonly messages: { readonly type: number; readonly payload: number[] }[];
}

function read(bytes: Uint8Array, sequence: number | 'any' = 1): Read {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const outcome: Read = { done: false, interrupted: false, heard: 0, messages: [] };
  readMessages(view, bytes.length, sequence === 'any' ? undefined : sequence, 'a dump', { message: (type, data, offset, length) => outcome.messages.push({ type, payload: [...new Uint8Array(data.buffer, data.byteOffset + offset, length)] }) }, outcome);
  return outcome;
}

const payload = Uint8Array.of(1, 2, 3, 4);

describe('readMessages', () => {
  it('delivers every message of a datagram', () => {
    expect(read(datagram(part(1, 20, payload), part(1, 21, new Uint8Array(0))))).toEqual({ done: false, interrupted: false, heard: 2, messages: [{ type: 20, payload: [1, 2, 3, 4] }, { type: 21, payload: [] }] });
  });

  it('walks over the padding of a length that is no multiple of four', () => {
    expect(read(datagram(part(1, 20, Uint8Array.of(1, 2, 3, 4, 5)), part(1, 21, payload))).messages.map((message) => message.payload.length)).toEqual([5, 4]);
  });

  it('knows the end of a dump, and does not look behind it', () => {
    expect(read(datagram(part(1, 20, payload), done(1), part(1, 20, payload)))).toMatchObject({ done: true, messages: [{ type: 20 }] });
  });

  it('skips answers to another request', () => {
    expect(read(datagram(part(7, 20, payload), done(7), refusal(7, { errno: 1 })))).toEqual({ done: false, interrupted: false, heard: 0, messages: [] });
  });

  it('takes the answers to any request when none is named', () => {
    expect(read(datagram(part(7, 20, payload), done(9)), 'any')).toMatchObject({ done: true, heard: 2, messages: [{ type: 20 }] });
  });

  it('skips NLMSG_NOOP, which is nothing to be heard', () => {
    expect(read(encodeMessage(NLMSG_NOOP, 0, 1, payload))).toMatchObject({ heard: 0, messages: [] });
  });

  it('notes that the table changed, on any message', () => {
    expect(read(part(1, 20, payload, NLM_F_DUMP_INTR)).interrupted).toBe(true);
    expect(read(done(1, 0, NLM_F_DUMP_INTR))).toMatchObject({ done: true, interrupted: true });
  });

  it('takes an overrun for an interruption', () => {
    expect(read(encodeMessage(NLMSG_OVERRUN, 0, 1, new Uint8Array(0))).interrupted).toBe(true);
  });

  it('takes an error of 0 for an acknowledgement', () => {
    expect(read(refusal(1, { errno: 0 })).done).toBe(true);
  });

  it('takes a DONE without a status for the end', () => {
    expect(read(encodeMessage(3, 2, 1, new Uint8Array(0))).done).toBe(true);
  });

  it('is content with an empty datagram', () => {
    expect(read(new Uint8Array(0))).toEqual({ done: false, interrupted: false, heard: 0, messages: [] });
  });

  it('reads back whatever was encoded', () => {
    const message = fc.record({ type: fc.integer({ min: 16, max: 65_535 }), payload: fc.uint8Array({ maxLength: 40 }) });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), (messages) => {
        const bytes = datagram(...messages.map((one) => part(1, one.type, one.payload)));
        expect(read(bytes).messages).toEqual(messages.map((one) => ({ type: one.type, payload: [...one.payload] })));
      }),
    );
  });
});

describe('errors of the kernel', () => {
  const thrown = (bytes: Uint8Array): KernelError => {
    try {
      read(bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(KernelError);
      return error as KernelError;
    }
    throw new Error('nothing was thrown');
  };

  it('carry errno, name and operation', () => {
    expect(thrown(refusal(1, { errno: 22 }))).toMatchObject({ operation: 'a dump', errno: 22, code: 'EINVAL', kernelMessage: undefined, message: 'a dump: EINVAL' });
  });

  it('carry the kernel\'s words when the request came back in short', () => {
    expect(thrown(refusal(1, { errno: 1, text: 'no such thing' }))).toMatchObject({ kernelMessage: 'no such thing', message: 'a dump: EPERM (the kernel says: no such thing)' });
  });

  it('carry the kernel\'s words when the request came back whole', () => {
    const echo = encodeMessage(20, 1, 1, new Uint8Array(57));
    expect(thrown(refusal(1, { errno: 95, text: 'unsupported', echo }))).toMatchObject({ code: 'EOPNOTSUPP', kernelMessage: 'unsupported' });
  });

  it('come with DONE too', () => {
    expect(thrown(done(1, -105))).toMatchObject({ errno: 105, code: 'ENOBUFS' });
  });

  it('come with DONE and words', () => {
    const text = encodeAttribute(1, new TextEncoder().encode('too late\0'));
    const bytes = encodeMessage(3, 2 | 0x200, 1, datagram(new Uint8Array(Int32Array.of(-4).buffer), text));
    expect(thrown(bytes)).toMatchObject({ code: 'EINTR', kernelMessage: 'too late' });
  });

  it('lose damaged words, not the errno', () => {
    const bytes = refusal(1, { errno: 1, text: 'no such thing' });
    bytes[bytes.length - 20] = 0xff;
    bytes[bytes.length - 19] = 0xff;
    expect(thrown(bytes).errno).toBe(1);
  });

  it('keep a number without a name', () => {
    expect(thrown(refusal(1, { errno: 524 })).code).toBe('errno 524');
  });
});

describe('what is not of the form', () => {
  const lengthOf = (bytes: Uint8Array, length: number): Uint8Array => {
    new DataView(bytes.buffer).setUint32(0, length, true);
    return bytes;
  };

  it.each([
    ['a length below a header', lengthOf(part(1, 20, payload), 15)],
    ['a length of 0, which would never end', lengthOf(part(1, 20, payload), 0)],
    ['a length beyond the datagram', lengthOf(part(1, 20, payload), 21)],
    ['a huge length', lengthOf(part(1, 20, payload), 0xffffffff)],
    ['a length of 2^31, whose padding overflows', lengthOf(part(1, 20, payload), 0x7fffffff)],
    ['half a header behind the last message', datagram(part(1, 20, payload), new Uint8Array(8))],
    ['an error without an errno', encodeMessage(2, 0, 1, new Uint8Array(2))],
  ])('%s', (_, bytes) => {
    expect(() => read(bytes)).toThrow(MalformedMessageError);
  });
});
