import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyExpression, likelySocket, madeUpNames } from '../../test/contract/expressions.ts';
import { tcp } from '../../test/contract/hand-made.ts';
import { defaultLocalPortRange, type SocketCursor } from '../model/index.ts';
import { compileFilter } from './bytecode.ts';
import { matches } from './evaluate.ts';
import type { Expression } from './expression.ts';
import { parseFilter } from './parse.ts';
import { FilterSyntaxError } from './tokens.ts';

// inet_diag_bc_audit() and inet_diag_bc_run() of net/ipv4/inet_diag.c, told again in TypeScript.

const Op = { nop: 0, jmp: 1, sGe: 2, sLe: 3, dGe: 4, dLe: 5, auto: 6, sCond: 7, dCond: 8, dev: 9, mark: 10, sEq: 11, dEq: 12, cgroup: 13 } as const;
const ACCEPTED = 'accepted';

const view = (code: Uint8Array): DataView => new DataView(code.buffer, code.byteOffset, code.byteLength);

/** True when the jump target `at` is one of the operations that are reached by `yes` alone (valid_cc). */
function isOperation(code: DataView, target: number): boolean {
  let at = 0;
  while (at <= code.byteLength) {
    if (at === target) return true;
    if (at > target) return false;
    const yes = code.getUint8(at + 1);
    if (yes < 4 || (yes & 3) !== 0) return false;
    at += yes;
  }
  return false;
}

/** @returns ACCEPTED, or why the kernel answers EINVAL. */
function audit(bytes: Uint8Array): string {
  const code = view(bytes);
  if (code.byteLength < 4) return 'shorter than one operation';
  let at = 0;
  while (at < code.byteLength) {
    const left = code.byteLength - at;
    const operation = code.getUint8(at);
    const yes = code.getUint8(at + 1);
    const no = code.getUint16(at + 2, true);
    let least = 4;
    switch (operation) {
      case Op.sCond:
      case Op.dCond: {
        if (left < 12) return 'a host condition without room';
        const family = code.getUint8(at + 4);
        const addressBytes = { 0: 0, 2: 4, 10: 16 }[family];
        if (addressBytes === undefined) return `a host condition of family ${family}`;
        least += 8 + addressBytes;
        if (left < least) return 'an address without room';
        if (code.getUint8(at + 5) > 8 * addressBytes) return 'a prefix longer than its address';
        break;
      }
      case Op.sGe:
      case Op.sLe:
      case Op.dGe:
      case Op.dLe:
      case Op.sEq:
      case Op.dEq:
      case Op.dev:
        least += 4;
        break;
      case Op.mark:
      case Op.cgroup:
        least += 8;
        break;
      case Op.auto:
      case Op.jmp:
      case Op.nop:
        break;
      default:
        return `operation ${operation}`;
    }
    if (left < least) return `operation ${operation} without room`;
    if (operation !== Op.nop) {
      if (no < least || no > left + 4 || (no & 3) !== 0) return `a "no" of ${no} with ${left} bytes left`;
      if (no < left && !isOperation(code, at + no)) return `a "no" into the middle of an operation at ${at + no}`;
    }
    if (yes < least || yes > left + 4 || (yes & 3) !== 0) return `a "yes" of ${yes} with ${left} bytes left`;
    at += yes;
  }
  return at === code.byteLength ? ACCEPTED : 'a last "yes" past the end';
}

function sameBits(one: readonly number[], other: readonly number[], bits: number): boolean {
  const words = bits >>> 5;
  for (let word = 0; word < words; word++) if (one[word] !== other[word]) return false;
  const rest = bits & 31;
  return rest === 0 || ((one[words]! ^ other[words]!) & (0xffffffff << (32 - rest))) === 0;
}

function hostMatches(code: DataView, at: number, socket: SocketCursor): boolean {
  const isSource = code.getUint8(at) === Op.sCond;
  const family = code.getUint8(at + 4);
  const bits = code.getUint8(at + 5);
  const port = code.getInt32(at + 8, true);
  if (port !== -1 && port !== (isSource ? socket.localPort : socket.remotePort)) return false;
  const full = isSource ? [socket.local0, socket.local1, socket.local2, socket.local3] : [socket.remote0, socket.remote1, socket.remote2, socket.remote3];
  const address = socket.family === 2 ? full.slice(3) : full;
  const wanted = Array.from({ length: { 0: 0, 2: 1, 10: 4 }[family]! }, (_, word) => code.getUint32(at + 12 + word * 4));
  if (family !== 0 && family !== socket.family) return socket.family === 10 && family === 2 && full[0] === 0 && full[1] === 0 && full[2] === 0xffff && sameBits(full.slice(3), wanted, bits);
  return bits === 0 || sameBits(address, wanted, bits);
}

function run(bytes: Uint8Array, socket: SocketCursor): boolean {
  const code = view(bytes);
  const { low, high } = defaultLocalPortRange;
  let at = 0;
  let steps = 0;
  while (at < code.byteLength) {
    if (++steps > code.byteLength) throw new Error('the program runs in circles');
    const port = (offset: number): number => code.getUint16(at + 4 + offset, true);
    let yes = true;
    switch (code.getUint8(at)) {
      case Op.jmp:
        yes = false;
        break;
      case Op.sEq:
        yes = socket.localPort === port(2);
        break;
      case Op.sGe:
        yes = socket.localPort >= port(2);
        break;
      case Op.sLe:
        yes = socket.localPort <= port(2);
        break;
      case Op.dEq:
        yes = socket.remotePort === port(2);
        break;
      case Op.dGe:
        yes = socket.remotePort >= port(2);
        break;
      case Op.dLe:
        yes = socket.remotePort <= port(2);
        break;
      case Op.auto:
        yes = socket.localPort >= low && socket.localPort <= high;
        break;
      case Op.sCond:
      case Op.dCond:
        yes = hostMatches(code, at, socket);
        break;
      case Op.dev:
        yes = code.getUint32(at + 4, true) === socket.interfaceIndex;
        break;
      case Op.mark:
        yes = (socket.mark & code.getUint32(at + 8, true)) >>> 0 === code.getUint32(at + 4, true);
        break;
      case Op.cgroup:
        yes = code.getBigUint64(at + 4, true) === BigInt(socket.cgroupId);
        break;
      default:
        break;
    }
    at += yes ? code.getUint8(at + 1) : code.getUint16(at + 2, true);
  }
  return at === code.byteLength;
}

const compiled = (text: string): Uint8Array => compileFilter(parseFilter(text, madeUpNames).expression!)!;

/** A chain of so many conditions on different ports. */
function chain(kind: 'and' | 'or', length: number): Expression {
  let expression: Expression = { kind: 'port', side: 'source', low: 1, high: 1 };
  for (let port = 2; port <= length; port++) expression = { kind, left: expression, right: { kind: 'port', side: 'source', low: port, high: port } };
  return expression;
}

describe('compileFilter', () => {
  it('passes the kernel\'s audit, whatever the expression', () => {
    fc.assert(
      fc.property(anyExpression, (expression) => {
        expect(audit(compileFilter(expression)!)).toBe(ACCEPTED);
      }),
      { numRuns: 3000 },
    );
  });

  it('selects what matches() selects', () => {
    let selected = 0;
    let compared = 0;
    fc.assert(
      fc.property(anyExpression, fc.array(likelySocket, { minLength: 5, maxLength: 5 }), (expression, sockets) => {
        const program = compileFilter(expression)!;
        for (const socket of sockets) {
          const expected = matches(expression, socket, { localPortRange: defaultLocalPortRange });
          expect(run(program, socket)).toBe(expected);
          compared++;
          if (expected) selected++;
        }
      }),
      { numRuns: 3000 },
    );
    // Sockets and expressions must meet, or nothing was compared.
    expect(selected / compared).toBeGreaterThan(0.2);
    expect(selected / compared).toBeLessThan(0.8);
  });

  it.each(['dport > 65535', 'dport < 0', 'not dport > 65535', 'sport > 65535 or dport 80', 'sport > 65535 and dport 80', 'not (dport < 0 and sport < 0)'])('%s, which has an empty range', (text) => {
    const program = compiled(text);
    expect(audit(program)).toBe(ACCEPTED);
    for (const remote of [0, 80, 65_535]) {
      const socket = tcp('established', '10.0.0.1:5', `10.0.0.2:${remote}`);
      expect(run(program, socket)).toBe(matches(parseFilter(text, madeUpNames).expression, socket, { localPortRange: defaultLocalPortRange }));
    }
  });

  it('compiles one port to two comparisons that every kernel knows', () => {
    expect([...compiled('sport = :22')]).toEqual([2, 8, 20, 0, 0, 0, 22, 0, 3, 8, 12, 0, 0, 0, 22, 0]);
  });

  it('compiles a host to struct inet_diag_hostcond', () => {
    expect([...compiled('dst 10.0.0.0/8:443')]).toEqual([8, 16, 20, 0, 2, 8, 0, 0, 0xbb, 1, 0, 0, 10, 0, 0, 0]);
  });

  it('compiles any host on one port to a condition of no family', () => {
    expect([...compiled('src *:80')]).toEqual([7, 12, 16, 0, 0, 0, 0, 0, 80, 0, 0, 0]);
  });

  it.each(['and', 'or'] as const)('jumps as far as 16 bits reach: 3,000 conditions joined by %s', (kind) => {
    const program = compileFilter(chain(kind, 3000))!;
    expect(program.length).toBeGreaterThanOrEqual(48_000);
    expect(audit(program)).toBe(ACCEPTED);
    expect(run(program, tcp('established', '10.0.0.1:3000', '10.0.0.2:1'))).toBe(kind === 'or');
    expect(run(program, tcp('established', '10.0.0.1:3001', '10.0.0.2:1'))).toBe(false);
  });

  it.each(['and', 'or'] as const)('gives up a program that its jumps cannot span: 5,000 conditions joined by %s', (kind) => {
    expect(compileFilter(chain(kind, 5000))).toBeUndefined();
  });
});

describe('a filter of 50,000 conditions, as a shell may hand it over', () => {
  const text = Array.from({ length: 50_000 }, (_, index) => `sport ${index % 1000}`).join(' or ');

  it('is given up or refused, and does not overflow the stack', () => {
    let outcome: unknown;
    try {
      const { expression } = parseFilter(text, madeUpNames);
      outcome = compileFilter(expression!);
      outcome = matches(expression, tcp('established', '10.0.0.1:2000', '10.0.0.2:1'), { localPortRange: defaultLocalPortRange });
    } catch (error) {
      outcome = error;
    }
    expect(outcome instanceof FilterSyntaxError ? false : outcome).toBe(false);
  });
});

describe('the audit of this test refuses, as the kernel\'s does', () => {
  it.each([
    ['nothing', []],
    ['an unknown operation', [99, 4, 8, 0]],
    ['a port without its second operation', [2, 4, 8, 0]],
    ['a jump backwards or nowhere', [1, 4, 0, 0]],
    ['a jump far past the end', [1, 4, 12, 0]],
    ['a jump into an operation', [1, 4, 8, 0, 2, 8, 12, 0, 0, 0, 22, 0]],
    ['an odd length', [6, 5, 8, 0]],
    ['a prefix longer than its address', [8, 16, 20, 0, 2, 33, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0]],
    ['an unknown family', [8, 12, 16, 0, 1, 0, 0, 0, 0, 0, 0, 0]],
  ])('%s', (_, bytes) => {
    expect(audit(Uint8Array.from(bytes))).not.toBe(ACCEPTED);
  });
});
