/**
 * An IP address as the kernel's port law sees it.
 *
 * Every address is held as the 128 bits of its IPv6 form, IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). An IPv4 address
 * and its mapped form are therefore the same value, as they are to the kernel: both share one port space.
 */
export class Address {
  /** 128 bits, most significant word first; each an unsigned 32-bit integer. */
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  readonly w3: number;
  /** Zone of a link-local address (`eth0`, `2`), or undefined. */
  readonly zone: string | undefined;

  constructor(w0: number, w1: number, w2: number, w3: number, zone?: string) {
    this.w0 = w0 >>> 0;
    this.w1 = w1 >>> 0;
    this.w2 = w2 >>> 0;
    this.w3 = w3 >>> 0;
    this.zone = zone;
  }

  static readonly anyIpv4: Address = new Address(0, 0, 0xffff, 0);
  static readonly anyIpv6: Address = new Address(0, 0, 0, 0);
  static readonly loopbackIpv4: Address = new Address(0, 0, 0xffff, 0x7f000001);
  static readonly loopbackIpv6: Address = new Address(0, 0, 0, 1);

  /**
   * Reads the strict textual forms only: four decimal octets without leading zeros, or RFC 4291 text with an optional
   * `%zone`. Forms that programs read differently (`010.0.0.1`, `127.1`, `0x7f.1`) are refused.
   * @returns undefined when the text is not an address.
   */
  static parse(text: string): Address | undefined {
    if (text.includes(':')) return parseIpv6(text);
    const word = parseIpv4(text);
    return word === undefined ? undefined : Address.fromIpv4(word);
  }

  /** @param word 32 bits in host order, 127.0.0.1 is 0x7f000001. */
  static fromIpv4(word: number): Address {
    return new Address(0, 0, 0xffff, word);
  }

  /** @param bytes 4 or 16 bytes in network order. @throws RangeError for any other length. */
  static fromBytes(bytes: Uint8Array): Address {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length === 4) return Address.fromIpv4(view.getUint32(0));
    if (bytes.length !== 16) throw new RangeError(`an address has 4 or 16 bytes, not ${bytes.length}`);
    return new Address(view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12));
  }

  /** 4 bytes for IPv4 (and mapped), 16 for IPv6, in network order. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.isIpv4 ? 4 : 16);
    const view = new DataView(bytes.buffer);
    if (this.isIpv4) {
      view.setUint32(0, this.w3);
    } else {
      view.setUint32(0, this.w0);
      view.setUint32(4, this.w1);
      view.setUint32(8, this.w2);
      view.setUint32(12, this.w3);
    }
    return bytes;
  }

  get isIpv4(): boolean {
    return this.w0 === 0 && this.w1 === 0 && this.w2 === 0xffff;
  }

  get family(): 4 | 6 {
    return this.isIpv4 ? 4 : 6;
  }

  /** 0.0.0.0 or ::, the wildcard of bind(). */
  get isUnspecified(): boolean {
    return this.w3 === 0 && this.w1 === 0 && this.w0 === 0 && (this.w2 === 0 || this.w2 === 0xffff);
  }

  /** 127.0.0.0/8 (also mapped) or ::1. */
  get isLoopback(): boolean {
    return isLoopbackWords(this.w0, this.w1, this.w2, this.w3);
  }

  /** fe80::/10, whose meaning depends on the zone. */
  get isLinkLocal(): boolean {
    return !this.isIpv4 && this.w0 >>> 22 === 0x3fa;
  }

  equals(other: Address): boolean {
    return this.w0 === other.w0 && this.w1 === other.w1 && this.w2 === other.w2 && this.w3 === other.w3 && this.zone === other.zone;
  }

  /** Orders IPv4 before IPv6, then by value. Negative, 0 or positive. */
  compare(other: Address): number {
    if (this.isIpv4 !== other.isIpv4) return this.isIpv4 ? -1 : 1;
    return this.w0 - other.w0 || this.w1 - other.w1 || this.w2 - other.w2 || this.w3 - other.w3 || (this.zone ?? '').localeCompare(other.zone ?? '');
  }

  /** RFC 5952 text; IPv4 and mapped addresses as four octets. */
  toString(): string {
    const text = this.isIpv4 ? ipv4Text(this.w3) : ipv6Text([this.w0, this.w1, this.w2, this.w3]);
    return this.zone === undefined ? text : `${text}%${this.zone}`;
  }

  /** The form an AF_INET6 socket shows for an IPv4 address: `::ffff:192.0.2.1`. */
  toMappedString(): string {
    return this.isIpv4 ? `::ffff:${ipv4Text(this.w3)}` : this.toString();
  }
}

/** Address and port as people write them: IPv6 in brackets; port 0 as `*`. */
export function endpointText(address: Address, port: number | string): string {
  const host = address.isIpv4 ? address.toString() : `[${address.toString()}]`;
  return `${host}:${port === 0 ? '*' : port}`;
}

/** As {@link Address.isLoopback}, on bare words, for hot loops. */
export function isLoopbackWords(w0: number, w1: number, w2: number, w3: number): boolean {
  if (w0 !== 0 || w1 !== 0) return false;
  return w2 === 0xffff ? w3 >>> 24 === 127 : w2 === 0 && w3 === 1;
}

function ipv4Text(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

function parseIpv4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  let word = 0;
  for (const octet of match.slice(1)) {
    if ((octet.length > 1 && octet.startsWith('0')) || Number(octet) > 255) return undefined;
    word = ((word << 8) | Number(octet)) >>> 0;
  }
  return word;
}

function parseIpv6(text: string): Address | undefined {
  const percent = text.indexOf('%');
  const zone = percent < 0 ? undefined : text.slice(percent + 1);
  if (zone === '' || (zone !== undefined && !/^[^\s/%[\]]+$/.test(zone))) return undefined;
  let body = percent < 0 ? text : text.slice(0, percent);
  const lastColon = body.lastIndexOf(':');
  const tail = body.slice(lastColon + 1);
  if (tail.includes('.')) {
    const word = parseIpv4(tail);
    if (word === undefined) return undefined;
    body = `${body.slice(0, lastColon + 1)}${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`;
  }
  const halves = body.split('::');
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0] ?? '');
  const rest = halves.length === 2 ? groupsOf(halves[1] ?? '') : [];
  if (head === undefined || rest === undefined) return undefined;
  const missing = 8 - head.length - rest.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...rest];
  const word = (index: number): number => (((groups[index] ?? 0) << 16) | (groups[index + 1] ?? 0)) >>> 0;
  const address = new Address(word(0), word(2), word(4), word(6), zone);
  return address.isIpv4 && zone !== undefined ? undefined : address;
}

function groupsOf(text: string): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  for (const group of text.split(':')) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
    groups.push(Number.parseInt(group, 16));
  }
  return groups;
}

function ipv6Text(words: readonly [number, number, number, number]): string {
  const groups = words.flatMap((word) => [word >>> 16, word & 0xffff]);
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > bestLength) {
      bestStart = start;
      bestLength = length;
    }
  }
  const hex = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return bestStart < 0 ? hex(0, 8) : `${hex(0, bestStart)}::${hex(bestStart + bestLength, 8)}`;
}
