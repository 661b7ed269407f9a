import { Address, isLittleEndian, SocketRecords, swapPort, swapWord, Word } from '../../src/model/index.ts';

const RECORD_WORDS = 18;

/** A connected TCP socket. */
export interface PlainSocket {
  readonly family: number;
  readonly state: number;
  readonly local: string;
  readonly port: number;
  readonly remote: string;
  readonly remotePort: number;
  readonly device: number;
  readonly inode?: number;
  readonly noPort?: number;
}

/** As the kernel writes them: network order, an IPv4 address in the first word, a mapped one in all four. */
export function recordsOf(sockets: readonly PlainSocket[]): SocketRecords {
  const words = new Int32Array(Math.max(1, sockets.length) * RECORD_WORDS);
  const records = new SocketRecords(words);
  records.length = sockets.length;
  sockets.forEach(({ family, state, local, port, remote, remotePort, device, inode = 0, noPort = -1 }, index) => {
    const at = index * RECORD_WORDS;
    records.starts[index] = at;
    words[at] = isLittleEndian ? family | (state << 8) : (family << 24) | (state << 16);
    words[at + Word.ports] = isLittleEndian ? swapPort(port) | (swapPort(remotePort) << 16) : (port << 16) | remotePort;
    const put = (offset: number, text: string): void => {
      const { w0, w1, w2, w3 } = Address.parse(text)!;
      if (family === 2) words[at + offset] = swapWord(w3);
      else [w0, w1, w2, w3].forEach((word, position) => (words[at + offset + position] = swapWord(word)));
    };
    put(Word.local, local);
    put(Word.remote, remote);
    words[at + Word.interface] = device;
    words[at + Word.inode] = inode;
    records.noPort[index] = noPort;
  });
  return records;
}
