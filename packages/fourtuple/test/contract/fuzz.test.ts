import { constants } from 'node:os';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileFilter, FilterSyntaxError, matches, parseFilter } from '../../src/filter/index.ts';
import { InconsistentDumpError, KernelError, MalformedMessageError, readAll, SockDiagSource, SocketLines } from '../../src/kernel/index.ts';
import { dump, NOTHING_TAKEN } from '../../src/kernel/netlink/dump.ts';
import { NLM_F_DUMP_INTR, readMessages } from '../../src/kernel/netlink/message.ts';
import { parseConntrack, parsePairs, parseSockstat } from '../../src/kernel/procfs/counters.ts';
import { decodeSocket } from '../../src/kernel/sock-diag/decode.ts';
import { RecordRun } from '../../src/kernel/sock-diag/record-run.ts';
import { Address, ALL_HASHED_STATES, BOUND_INACTIVE_BIT, defaultLocalPortRange, parsePortRange, parsePrefix, PortSet, Protocol, SocketCursor, SocketTable } from '../../src/model/index.ts';
import { datagram, done, FakeKernel, part, refusal, type FakeReceipt } from '../support/fake-kernel.ts';
import { Random } from '../support/random.ts';
import { captureNames, fixtures, readCapture, RELEASE, renumbered, RunTable } from './capture.ts';
import { madeUpNames, textOf } from './expressions.ts';
import { rowsOf, tcp } from './hand-made.ts';

// Hostile input of every kind: only the errors that callers know may come out, and always something comes out.

const seed = Number(process.env['FOURTUPLE_SEED'] ?? 1);
const runs = Number(process.env['FOURTUPLE_FUZZ'] ?? 100_000);
const typed = [MalformedMessageError, KernelError, InconsistentDumpError];
/** The slowest single input may take so long, on a busy machine. */
const PATIENCE_MS = 2000;

type Outcome = 'fine' | 'MalformedMessageError' | 'KernelError' | 'InconsistentDumpError';

/** How many inputs came to which end; any other end fails the test, with the input. */
class Tally {
  readonly counts: Record<Outcome, number> = { fine: 0, MalformedMessageError: 0, KernelError: 0, InconsistentDumpError: 0 };
  slowest = 0;

  run(what: () => string, work: () => void): Outcome {
    const began = performance.now();
    let outcome: Outcome = 'fine';
    try {
      work();
    } catch (error) {
      if (!typed.some((type) => error instanceof type)) throw new Error(`${what()}: ${String((error as Error).stack)}`, { cause: error });
      outcome = (error as Error).name as Outcome;
    }
    this.counts[outcome]++;
    this.slowest = Math.max(this.slowest, performance.now() - began);
    return outcome;
  }
}

const EDGES = [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 19, 20, 71, 72, 73, 87, 88, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xfffc, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff];

/** One of the ways in which bytes go wrong. */
function damage(bytes: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  const at = random.between(0, Math.max(0, bytes.length - 1));
  switch (random.between(0, 7)) {
    case 0:
      return bytes.slice(0, at);
    case 1: {
      const flipped = bytes.slice();
      for (let count = random.between(1, 8); count > 0; count--) flipped[random.between(0, bytes.length - 1)]! ^= 1 << random.between(0, 7);
      return flipped;
    }
    case 2: {
      // A length or a number on its own boundary.
      const edged = bytes.slice();
      const view = new DataView(edged.buffer);
      const aligned = at & ~3;
      if (aligned + 4 <= edged.length) {
        if (random.chance(0.5)) view.setUint32(aligned, random.pick(EDGES), true);
        else view.setUint16(aligned, random.pick(EDGES) & 0xffff, true);
      }
      return edged;
    }
    case 3:
      return datagram(bytes.slice(0, at), random.pick(others).slice(random.between(0, 100)));
    case 4: {
      const length = random.between(1, 40);
      return datagram(bytes.slice(0, at), Uint8Array.from({ length }, () => random.between(0, 255)), bytes.slice(at));
    }
    case 5:
      return datagram(bytes.slice(0, at), bytes.slice(Math.min(bytes.length, at + random.between(1, 40))));
    case 6:
      return damage(damage(bytes, random, others), random, others);
    default:
      return Uint8Array.from({ length: random.between(0, 200) }, () => (random.chance(0.5) ? random.pick([0, 1, 2, 3, 16, 20, 255]) : random.between(0, 255)));
  }
}

const captured = captureNames.flatMap((name) => readCapture(name).datagrams);
/** Messages of a dump alone, so that some damage passes the headers. */
const pieces = captured.flatMap((bytes) => messagesOf(bytes));

function messagesOf(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: Uint8Array[] = [];
  for (let at = 0; at + 16 <= bytes.length; ) {
    const length = (view.getUint32(at, true) + 3) & ~3;
    messages.push(bytes.slice(at, at + length));
    at += length;
  }
  return messages;
}

describe('fuzz: netlink', () => {
  it(`${runs} damaged datagrams through readMessages() and decodeSocket()`, () => {
    const random = new Random(seed);
    const tally = new Tally();
    const cursor = new SocketCursor();
    let sockets = 0;
    for (let count = 0; count < runs; count++) {
      const whole = random.chance(0.2) ? random.pick(captured) : random.pick(pieces);
      const bytes = damage(whole, random, pieces).slice();
      const table = new RunTable();
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const inRuns = random.chance(0.5);
      cursor.protocol = random.pick([6, 17]);
      tally.run(
        () => `datagram ${Buffer.from(bytes).toString('hex')}`,
        () => {
          let messages = 0;
          const handler = {
            message: (_: number, data: DataView, offset: number, length: number): void => {
              messages++;
              decodeSocket(data, offset, length, cursor);
              sockets++;
            },
          };
          const buffer = { bytes, view, words: new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2) };
          const taken = inRuns ? new RecordRun(table).take(buffer, bytes.length, 1) : NOTHING_TAKEN;
          messages += taken.messages;
          sockets += taken.messages;
          readMessages(view, bytes.length, 1, 'a dump', handler, { done: false, interrupted: false, heard: 0 }, taken.bytes);
          if (messages > bytes.length / 16) throw new Error('more messages than there is room for');
        },
      );
    }
    console.log(`fuzz: ${runs} datagrams, seed ${seed}: ${JSON.stringify(tally.counts)}, ${sockets} sockets read, slowest ${tally.slowest.toFixed(1)} ms`);
    expect(tally.slowest).toBeLessThan(PATIENCE_MS);
    // Damage that is never noticed, or always, would test nothing.
    for (const outcome of ['fine', 'MalformedMessageError', 'KernelError'] as const) expect(tally.counts[outcome]).toBeGreaterThan(runs / 1000);
    expect(sockets).toBeGreaterThan(runs / 10);
  });

  const conversations = Math.ceil(runs / 10);
  it(`${conversations} hostile conversations through dump() and SockDiagSource`, () => {
    const random = new Random(seed + 1);
    const tally = new Tally();
    const { ENOBUFS, EPERM, EINVAL, EINTR } = constants.errno;
    const receipt = (sequence: number): FakeReceipt => {
      switch (random.between(0, 11)) {
        case 0:
          return { errno: random.pick([ENOBUFS, ENOBUFS, EPERM, EINTR]) };
        case 1:
          return refusal(sequence, { errno: random.pick([0, EPERM, EINVAL]), ...(random.chance(0.5) ? { text: 'words' } : {}) });
        case 2:
          return damage(refusal(sequence, { errno: EINVAL, text: 'words' }), random, pieces);
        case 3:
          return done(sequence, random.pick([0, 0, -EPERM]), random.chance(0.6) ? NLM_F_DUMP_INTR : 0);
        case 4:
          return part(sequence, random.pick([1, 4, 20]), new Uint8Array(72), random.chance(0.5) ? NLM_F_DUMP_INTR : 0);
        case 5:
          return renumbered(random.pick(pieces), sequence + random.pick([-1, 1, 1000]));
        case 6:
          return new Uint8Array(random.pick([0, 1, 15, 40_000]));
        case 7:
          return damage(renumbered(random.pick(pieces), sequence), random, pieces);
        default:
          return renumbered(random.pick(pieces), sequence);
      }
    };
    let mostRequests = 0;
    for (let count = 0; count < conversations; count++) {
      const kernel = new FakeKernel(({ sequence }) => {
        const receipts = Array.from({ length: random.between(0, 12) }, () => receipt(sequence));
        return random.chance(0.6) ? [...receipts, done(sequence)] : receipts;
      });
      const table = new SocketTable();
      const isWhole = random.chance(0.5);
      const outcome = tally.run(
        () => `conversation ${count} of seed ${seed + 1}`,
        () => {
          if (isWhole) {
            const request = { protocol: random.pick([Protocol.tcp, Protocol.udp]), states: ALL_HASHED_STATES | BOUND_INACTIVE_BIT };
            readAll(new SockDiagSource(true, kernel).read(request, table));
          } else {
            const cursor = new SocketCursor();
            const message = (_: number, view: DataView, offset: number, length: number): void => {
              decodeSocket(view, offset, length, cursor);
              table.accept(cursor);
            };
            dump(kernel, 18, new Uint8Array(0), 'a dump', { message, restart: () => table.reset() });
          }
        },
      );
      mostRequests = Math.max(mostRequests, kernel.requests.length);
      if (outcome === 'fine' && rowsOf(table).some((socket) => socket.localPort > 65_535 || socket.state > 255)) throw new Error('a socket that cannot be');
    }
    console.log(`fuzz: ${conversations} conversations, seed ${seed + 1}: ${JSON.stringify(tally.counts)}, at most ${mostRequests} requests, slowest ${tally.slowest.toFixed(1)} ms`);
    expect(tally.slowest).toBeLessThan(PATIENCE_MS);
    // Four attempts for the old request, then eight dumps by family of four attempts each.
    expect(mostRequests).toBeLessThanOrEqual(4 + 8 * 4);
    expect(Object.entries(tally.counts).filter(([, count]) => count === 0)).toEqual([]);
  });
});

describe('fuzz: /proc', () => {
  const net = (file: string): string => readFileSync(`${fixtures}/proc/${RELEASE}/net/${file}`, 'latin1');
  const encoder = new TextEncoder();

  it(`${runs} damaged texts of /proc/net/tcp and tcp6 through SocketLines, in random pieces`, () => {
    const random = new Random(seed + 2);
    const tally = new Tally();
    const files = (['tcp', 'tcp6'] as const).map((file) => ({ family: file === 'tcp' ? (2 as const) : (10 as const), lines: net(file).split('\n').slice(0, -1) }));
    let sockets = 0;
    /** What of a socket its end would change: its ports, its inode. A whole table for each text would cost more than parsing. */
    const parse = (family: 2 | 10, bytes: Uint8Array, cut: readonly number[]): number[] => {
      const seen: number[] = [];
      const lines = new SocketLines(family, Protocol.tcp, { accept: (socket) => seen.push(socket.localPort, socket.remotePort, socket.state, socket.inode), reset: () => (seen.length = 0) });
      let from = 0;
      for (const to of [...cut, bytes.length]) {
        lines.push(bytes.subarray(from, to));
        from = to;
      }
      lines.end();
      return seen;
    };
    for (let count = 0; count < runs; count++) {
      const { family, lines } = random.pick(files);
      const chosen = [lines[0]!, ...Array.from({ length: random.between(1, 3) }, () => random.pick(lines))];
      const clean = encoder.encode(`${chosen.join('\n')}\n`);
      const bytes = random.chance(0.1) ? clean : damage(clean, random, [clean, encoder.encode('\n\n'), encoder.encode('0'.repeat(200))]);
      const cut = Array.from({ length: random.between(0, 4) }, () => random.between(0, bytes.length)).sort((left, right) => left - right);
      let seen: number[] = [];
      const outcome = tally.run(
        () => `text ${JSON.stringify(Buffer.from(bytes).toString('latin1'))} of family ${family}`,
        () => {
          seen = parse(family, bytes, cut);
        },
      );
      sockets += seen.length / 4;
      // The same bytes in one piece come to the same end.
      if (count % 20 !== 0) continue;
      let inOnePiece: number[] = [];
      const other = new Tally().run(
        () => 'in one piece',
        () => {
          inOnePiece = parse(family, bytes, []);
        },
      );
      if (other !== outcome || inOnePiece.join() !== seen.join()) throw new Error(`pieces matter: ${JSON.stringify(Buffer.from(bytes).toString('latin1'))} cut at ${cut.join()}`);
    }
    console.log(`fuzz: ${runs} texts, seed ${seed + 2}: ${JSON.stringify(tally.counts)}, ${sockets} sockets read, slowest ${tally.slowest.toFixed(1)} ms`);
    expect(tally.slowest).toBeLessThan(PATIENCE_MS);
    expect(tally.counts.MalformedMessageError).toBeGreaterThan(runs / 20);
    expect(tally.counts.fine).toBeGreaterThan(runs / 20);
    expect(sockets).toBeGreaterThan(runs / 10);
  });

  it(`${Math.ceil(runs / 10)} damaged texts of counters: only names and numbers come out`, () => {
    const random = new Random(seed + 3);
    const parsers: readonly [string, (text: string, into: Record<string, number>) => void][] = [
      [net('netstat').slice(0, 3000), (text, into) => parsePairs(text, into)],
      [net('snmp').slice(-2000), (text, into) => parsePairs(text, into, new Set(['Tcp.ActiveOpens', 'Udp.NoPorts']))],
      [net('sockstat'), (text, into) => parseSockstat(text, 'sockstat', into)],
      ['entries  searched found new invalid\n00000003  00000000 00000001 000000ff 00000000\n00000003  00000000 ffffffff __proto__ 1\n', parseConntrack],
    ];
    let named = 0;
    for (let count = 0; count < runs / 10; count++) {
      const [text, parse] = random.pick(parsers);
      const clean = encoder.encode(text);
      const bytes = damage(clean, random, [clean, encoder.encode('Tcp: __proto__ constructor\nTcp: 1 2\n: \n')]);
      const into: Record<string, number> = {};
      parse(Buffer.from(bytes).toString('latin1'), into);
      for (const [name, value] of Object.entries(into)) {
        named++;
        if (!name.includes('.') || !Number.isFinite(value)) throw new Error(`${JSON.stringify(name)} = ${value}`);
      }
      expect(Object.getPrototypeOf(into)).toBe(Object.prototype);
    }
    expect(named).toBeGreaterThan(runs / 2);
  });
});

describe('fuzz: filters and texts', () => {
  const words = ['sport', 'dport', 'src', 'dst', 'state', 'exclude', 'and', 'or', 'not', '!', '(', ')', '&&', '||', '|', '&', '=', '!=', '>', '<=', 'eq', 'established', 'time-wait', 'all', ':22', '22', '1-5', '70000', '10/8', '10.0.0.1:80', '[::1]:443', '[', ']', '::', '*', 'autobound', 'dev', 'if3', 'fwmark', '0x1/0xff', 'cgroup', '/cg5', ',', '__proto__', 'constructor', 'toString', '\0', '日本', ''];

  it(`${Math.ceil(runs / 4)} random filters: understood, or refused with FilterSyntaxError`, () => {
    const random = new Random(seed + 4);
    let understood = 0;
    const socket = tcp('established', '10.0.0.1:22', '10.0.0.2:80');
    for (let count = 0; count < runs / 4; count++) {
      const text = Array.from({ length: random.between(0, 9) }, () => (random.chance(0.95) ? random.pick(words) : String.fromCharCode(random.between(0, 0x2fff)))).join(random.chance(0.8) ? ' ' : '');
      try {
        const { states, expression } = parseFilter(text, madeUpNames);
        understood++;
        if (!Number.isInteger(states)) throw new Error(`states ${states}`);
        if (expression === undefined) continue;
        if (compileFilter(expression) === undefined) throw new Error('it does not compile');
        if (typeof matches(expression, socket, { localPortRange: defaultLocalPortRange }) !== 'boolean') throw new Error('it neither matches nor not');
        if (textOf(expression) === '') throw new Error('it says nothing');
      } catch (error) {
        if (!(error instanceof FilterSyntaxError) || error.message.length < 10) throw new Error(`the filter ${JSON.stringify(text)}: ${String(error)}`, { cause: error });
      }
    }
    console.log(`fuzz: ${Math.ceil(runs / 4)} filters, seed ${seed + 4}: ${understood} understood`);
    expect(understood).toBeGreaterThan(runs / 500);
  });

  it(`${Math.ceil(runs / 4)} random texts for addresses, prefixes, ranges and lists of ports: a value or undefined`, () => {
    const random = new Random(seed + 5);
    const seeds = ['10.0.0.1', '2001:db8::1', '::ffff:1.2.3.4', 'fe80::1%eth0', '10/8', '2001:db8::/32', '32768\t60999', '1,2-4,10'];
    const encoder = new TextEncoder();
    const parsers: readonly ((text: string) => unknown)[] = [(text) => Address.parse(text), parsePrefix, parsePortRange, (text) => PortSet.parseList(text)];
    let understood = 0;
    for (let count = 0; count < runs / 4; count++) {
      const clean = encoder.encode(random.pick(seeds));
      const text = Buffer.from(damage(clean, random, [clean, encoder.encode('::1%'), encoder.encode('/0')])).toString('latin1');
      for (const parse of parsers) if (parse(text) !== undefined) understood++;
    }
    expect(understood).toBeGreaterThan(runs / 100);
  });
});
