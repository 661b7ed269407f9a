import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { rowsOf, tcp, udp } from '../../../test/contract/hand-made.ts';
import { datagram, done, dumpOf, encodeSocket, FakeKernel, part, refusal, type FakeReceipt, type FakeRequest } from '../../../test/support/fake-kernel.ts';
import { ALL_HASHED_STATES, BOUND_INACTIVE_BIT, Protocol, SocketTable, type SocketCursor } from '../../model/index.ts';
import { InconsistentDumpError, KernelError, MalformedMessageError } from '../errors.ts';
import { NLM_F_DUMP_INTR } from '../netlink/message.ts';
import { readAll } from '../socket-source.ts';
import type { DiagRequest } from './request.ts';
import { SockDiagSource } from './source.ts';

const { EINVAL, EOPNOTSUPP, EPERM } = constants.errno;
const LEGACY = 18;
const ipv4 = [tcp('listen', '0.0.0.0:80'), tcp('established', '10.0.0.1:30000', '10.0.0.9:443')];
const ipv6 = [tcp('listen', '[::]:80'), tcp('established', '[2001:db8::1]:30000', '[2001:db8::9]:443')];
const everything: DiagRequest = { protocol: Protocol.tcp, states: ALL_HASHED_STATES | BOUND_INACTIVE_BIT };

const familyOf = (request: FakeRequest): number => request.payload[0]!;
const socketsOf = (request: FakeRequest): SocketCursor[] => (request.type === LEGACY ? [...ipv4, ...ipv6] : familyOf(request) === 2 ? ipv4 : ipv6);
const whole = (request: FakeRequest): Iterable<FakeReceipt> => dumpOf(request.sequence, socketsOf(request));
/** A dump that the kernel calls inconsistent. */
const interrupted = (request: FakeRequest): FakeReceipt[] => [part(request.sequence, 20, encodeSocket(tcp('listen', '0.0.0.0:9')), NLM_F_DUMP_INTR), done(request.sequence)];

function read(kernel: FakeKernel, request: DiagRequest = everything, source = new SockDiagSource(true, kernel)): string[] {
  const table = new SocketTable();
  readAll(source.read(request, table));
  return rowsOf(table).map((socket) => `${socket.localAddress().toString()} ${socket.localPort}`);
}

const all = ['0.0.0.0 80', '10.0.0.1 30000', ':: 80', '2001:db8::1 30000'];

describe('SockDiagSource', () => {
  it('reads TCP of both families in one walk', () => {
    const kernel = new FakeKernel(whole);
    expect(read(kernel)).toEqual(all);
    expect(kernel.requests.map((request) => request.type)).toEqual([LEGACY]);
  });

  it('reads UDP by family', () => {
    const kernel = new FakeKernel((request) => dumpOf(request.sequence, familyOf(request) === 2 ? [udp('0.0.0.0:53')] : [udp('[::]:53')]));
    expect(read(kernel, { protocol: Protocol.udp, states: 0x82 })).toEqual(['0.0.0.0 53', ':: 53']);
    expect(kernel.requests.map((request) => [request.type, familyOf(request), request.payload[1]])).toEqual([[20, 2, 17], [20, 10, 17]]);
  });

  it.each([EINVAL, EOPNOTSUPP])('turns to the new request where the old one is refused with errno %i, and remembers it', (errno) => {
    const kernel = new FakeKernel((request) => (request.type === LEGACY ? [refusal(request.sequence, { errno })] : whole(request)));
    const source = new SockDiagSource(true, kernel);
    expect(read(kernel, everything, source)).toEqual(all);
    expect(read(kernel, everything, source)).toEqual(all);
    expect(kernel.requests.map((request) => request.type)).toEqual([LEGACY, 20, 20, 20, 20]);
  });

  it('does not turn away from any other error', () => {
    const kernel = new FakeKernel((request) => [refusal(request.sequence, { errno: EPERM })]);
    expect(() => read(kernel)).toThrow(KernelError);
    expect(kernel.requests).toHaveLength(1);
  });

  it('delivers nothing of a walk that was refused in the middle', () => {
    const kernel = new FakeKernel((request) => (request.type === LEGACY ? [part(request.sequence, 20, encodeSocket(tcp('listen', '0.0.0.0:9'))), refusal(request.sequence, { errno: EINVAL })] : whole(request)));
    expect(read(kernel)).toEqual(all);
  });

  it('delivers nothing of a walk that the kernel calls inconsistent', () => {
    const kernel = new FakeKernel((request, count) => (count === 1 ? interrupted(request) : whole(request)));
    expect(read(kernel)).toEqual(all);
  });

  it('reads a family again whose rows the restart of the other threw away', () => {
    const kernel = new FakeKernel((request, count) => {
      if (request.type === LEGACY) return [refusal(request.sequence, { errno: EINVAL })];
      return count === 3 ? interrupted(request) : whole(request);
    });
    expect(read(kernel).sort()).toEqual([...all].sort());
    expect(kernel.requests.slice(1).map(familyOf)).toEqual([2, 10, 10, 2]);
  });

  it('gives up when one family after the other starts again for ever', () => {
    const kernel = new FakeKernel((request, count) => {
      if (request.type === LEGACY) return [refusal(request.sequence, { errno: EINVAL })];
      return count % 2 === 1 ? interrupted(request) : whole(request);
    });
    expect(() => read(kernel)).toThrow(InconsistentDumpError);
    expect(kernel.requests.length).toBeLessThan(40);
  });

  it('asks for bound sockets only where the kernel knows them', () => {
    const states = (seesBound: boolean): number => {
      const kernel = new FakeKernel(whole);
      read(kernel, everything, new SockDiagSource(seesBound, kernel));
      return new DataView(kernel.requests[0]!.payload.buffer).getUint32(52, true);
    };
    expect([states(true), states(false)]).toEqual([ALL_HASHED_STATES | BOUND_INACTIVE_BIT, ALL_HASHED_STATES]);
  });

  it('hands a filter to the kernel', () => {
    const kernel = new FakeKernel(whole);
    read(kernel, { ...everything, bytecode: Uint8Array.of(6, 4, 8, 0) });
    expect([...kernel.requests[0]!.payload.subarray(60)]).toEqual([8, 0, 1, 0, 6, 4, 8, 0]);
  });

  it('fails on a record that is no socket', () => {
    expect(() => read(new FakeKernel((request) => [part(request.sequence, 20, new Uint8Array(40))]))).toThrow(MalformedMessageError);
  });

  it('pauses after every datagram', () => {
    const kernel = new FakeKernel((request) => [...dumpOf(request.sequence, [...ipv4, ...ipv6], 1)]);
    const counts: number[] = [];
    const table = new SocketTable();
    for (const _ of new SockDiagSource(true, kernel).read(everything, table)) counts.push(table.length);
    expect(counts).toEqual([1, 2, 3, 4, 4]);
  });

  it('reads several messages of a datagram, and the end in the same one', () => {
    const kernel = new FakeKernel((request) => [datagram(...socketsOf(request).map((socket) => part(request.sequence, 20, encodeSocket(socket))), done(request.sequence))]);
    expect(read(kernel)).toEqual(all);
  });

  it('closes its socket', () => {
    const kernel = new FakeKernel(whole);
    new SockDiagSource(true, kernel).close();
    expect(kernel.isClosed).toBe(true);
  });
});
