import { closeSync, openSync, readSync } from 'node:fs';
import { SocketCursor, UNKNOWN, type SocketSink } from '../../model/socket-cursor.ts';
import { Protocol } from '../../model/protocol.ts';
import { TcpState } from '../../model/tcp-state.ts';
import { MalformedMessageError } from '../errors.ts';
import { HOST_LITTLE_ENDIAN } from '../netlink/message.ts';
import type { SocketSource } from '../socket-source.ts';
import type { DiagRequest } from '../sock-diag/request.ts';

const CHUNK_BYTES = 65536;
/** /proc counts timers in USER_HZ, 100 a second on every architecture that Node runs on. */
const MS_PER_TICK = 10;
const NEWLINE = 10;
const SPACE = 32;

/**
 * Sockets from the text files /proc/net/tcp, tcp6, udp, udp6: no privilege and no native code, but slower, without
 * bound-only sockets, socket options, cgroups, devices and marks.
 */
export class ProcfsSource implements SocketSource {
  readonly name = 'procfs';
  readonly seesBoundInactive = false;
  readonly limits: readonly string[] = [
    'Sockets were read from /proc/net text files: sockets that are bound but neither listening nor connected are invisible, and how a port was bound is inferred.',
  ];
  readonly #directory: string;

  /** @param directory a `net` directory, e.g. `/proc/thread-self/net` or `/proc/812/net`. */
  constructor(directory = '/proc/thread-self/net') {
    this.#directory = directory;
  }

  *read(request: DiagRequest, sink: SocketSink): Generator<void> {
    const base = request.protocol === Protocol.udp ? 'udp' : 'tcp';
    const wanted: SocketSink = {
      accept: (socket) => {
        if ((request.states & (1 << socket.state)) !== 0) sink.accept(socket);
      },
      reset: () => sink.reset(),
    };
    for (const [file, family] of [[base, 2], [`${base}6`, 10]] as const) yield* this.#readFile(file, family, request.protocol, wanted);
  }

  close(): void {
    // Files are closed as they are read.
  }

  *#readFile(file: string, family: 2 | 10, protocol: Protocol, sink: SocketSink): Generator<void> {
    let fd: number;
    try {
      fd = openSync(`${this.#directory}/${file}`, 'r');
    } catch (error) {
      // A kernel without IPv6 has no tcp6.
      if (family === 10 && (error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    try {
      const parser = new SocketLines(family, protocol, sink);
      const chunk = new Uint8Array(CHUNK_BYTES);
      for (;;) {
        const length = readSync(fd, chunk, 0, CHUNK_BYTES, null);
        if (length === 0) break;
        parser.push(chunk.subarray(0, length));
        yield;
      }
      parser.end();
    } finally {
      closeSync(fd);
    }
  }
}

/**
 * Parses the lines of /proc/net/{tcp,tcp6,udp,udp6} (net/ipv4/tcp_ipv4.c, get_tcp4_sock), fed in any pieces.
 * The first line is the heading. Nothing is allocated a line.
 */
export class SocketLines {
  readonly #family: 2 | 10;
  readonly #sink: SocketSink;
  readonly #cursor = new SocketCursor();
  #rest = new Uint8Array(0);
  #heading = true;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;

  constructor(family: 2 | 10, protocol: Protocol, sink: SocketSink) {
    this.#family = family;
    this.#sink = sink;
    this.#cursor.protocol = protocol;
    this.#cursor.family = family;
    this.#cursor.mark = UNKNOWN;
    this.#cursor.noPort = UNKNOWN;
    this.#cursor.v6Only = UNKNOWN;
  }

  push(piece: Uint8Array): void {
    let bytes = piece;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + piece.length);
      bytes.set(this.#rest);
      bytes.set(piece, this.#rest.length);
    }
    this.#bytes = bytes;
    let start = 0;
    for (;;) {
      const newline = bytes.indexOf(NEWLINE, start);
      if (newline < 0) break;
      this.#line(start, newline);
      start = newline + 1;
    }
    this.#rest = bytes.slice(start);
    if (this.#rest.length > 4096) throw new MalformedMessageError('a line of a /proc/net socket file has more than 4096 bytes');
  }

  end(): void {
    if (this.#rest.length > 0) throw new MalformedMessageError('a /proc/net socket file ends in the middle of a line');
  }

  #line(start: number, end: number): void {
    if (this.#heading) {
      this.#heading = false;
      return;
    }
    this.#at = start;
    this.#end = end;
    const socket = this.#cursor;
    this.#decimal(':'.charCodeAt(0));
    if (this.#family === 2) {
      socket.local0 = 0;
      socket.local1 = 0;
      socket.local2 = 0xffff;
      socket.local3 = this.#addressWord();
    } else {
      socket.local0 = this.#addressWord();
      socket.local1 = this.#addressWord();
      socket.local2 = this.#addressWord();
      socket.local3 = this.#addressWord();
    }
    this.#expect(':');
    socket.localPort = this.#hex(4);
    if (this.#family === 2) {
      socket.remote0 = 0;
      socket.remote1 = 0;
      socket.remote2 = 0xffff;
      socket.remote3 = this.#addressWord();
    } else {
      socket.remote0 = this.#addressWord();
      socket.remote1 = this.#addressWord();
      socket.remote2 = this.#addressWord();
      socket.remote3 = this.#addressWord();
    }
    this.#expect(':');
    socket.remotePort = this.#hex(4);
    socket.state = this.#hex(2);
    if (socket.state === TcpState.newSynRecv) socket.state = TcpState.synRecv;
    socket.sendQueue = this.#hex(8);
    this.#expect(':');
    socket.receiveQueue = this.#hex(8);
    socket.timer = this.#hex(2);
    this.#expect(':');
    socket.expiresMs = this.#hex(8) * MS_PER_TICK;
    socket.retransmits = this.#hex(8) & 0xff;
    socket.uid = this.#decimal(SPACE);
    this.#decimal(SPACE);
    socket.inode = this.#decimal(SPACE);
    this.#sink.accept(socket);
  }

  #skipSpaces(): void {
    while (this.#at < this.#end && this.#bytes[this.#at] === SPACE) this.#at++;
  }

  #expect(character: string): void {
    if (this.#at >= this.#end || this.#bytes[this.#at] !== character.charCodeAt(0)) this.#fail();
    this.#at++;
  }

  /** Hexadecimal number of exactly `digits` digits. */
  #hex(digits: number): number {
    this.#skipSpaces();
    if (this.#at + digits > this.#end) this.#fail();
    let value = 0;
    for (let count = 0; count < digits; count++) value = value * 16 + this.#digit(this.#bytes[this.#at++]!);
    return value;
  }

  /** The kernel prints the address's bytes as one number in host order. */
  #addressWord(): number {
    const word = this.#hex(8);
    return HOST_LITTLE_ENDIAN ? ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0 : word;
  }

  #decimal(terminator: number): number {
    this.#skipSpaces();
    const from = this.#at;
    let value = 0;
    while (this.#at < this.#end) {
      const byte = this.#bytes[this.#at]!;
      if (byte < 48 || byte > 57) break;
      value = value * 10 + (byte - 48);
      this.#at++;
    }
    if (this.#at === from || value > 0xffffffff) this.#fail();
    if (this.#at < this.#end) {
      if (this.#bytes[this.#at] !== terminator) this.#fail();
      this.#at++;
    }
    return value;
  }

  #digit(byte: number): number {
    if (byte >= 48 && byte <= 57) return byte - 48;
    if (byte >= 65 && byte <= 70) return byte - 55;
    if (byte >= 97 && byte <= 102) return byte - 87;
    return this.#fail();
  }

  #fail(): never {
    throw new MalformedMessageError(`a line of a /proc/net socket file cannot be read at column ${this.#at}`);
  }
}
