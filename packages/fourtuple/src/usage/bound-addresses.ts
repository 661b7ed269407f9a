import { Address, PortSet, WordTable, type SocketCursor } from '../model/index.ts';

/**
 * Which usable ports are held on which local address, and from that how many a plain bind(address, 0) would find:
 * it refuses a port as soon as any holder's address overlaps (`inet_csk_find_open_port`), whatever the flags.
 */
export class BoundAddresses {
  readonly #addresses = new WordTable(4);
  readonly #held: PortSet[] = [];
  /** Held by sockets of AF_INET6 that have an address of their own and are not v6only: they meet 0.0.0.0. */
  readonly #dualSpecific = new PortSet();
  /** Held by such sockets, perhaps: their listener is v6only, and what it accepted is too, but they may not be its. */
  readonly #perhapsDual = new PortSet();
  readonly #wildIpv4 = new PortSet();
  readonly #wildDual = new PortSet();
  readonly #wildIpv6 = new PortSet();
  readonly #usable: PortSet;

  constructor(usable: PortSet) {
    this.#usable = usable;
  }

  /** Notes a holder. Ports that are not usable are ignored. */
  add(w0: number, w1: number, w2: number, w3: number, port: number, v6Only: boolean): void {
    if (!this.#usable.has(port)) return;
    const isIpv4 = w0 === 0 && w1 === 0 && w2 === 0xffff;
    if (w3 === 0 && w0 === 0 && w1 === 0 && (w2 === 0 || isIpv4)) {
      (isIpv4 ? this.#wildIpv4 : v6Only ? this.#wildIpv6 : this.#wildDual).add(port);
      return;
    }
    this.#held[this.indexOf(w0, w1, w2, w3)]!.add(port);
    if (!isIpv4 && !v6Only) this.#dualSpecific.add(port);
  }

  addSocket(socket: SocketCursor, v6Only: boolean): void {
    this.add(socket.local0, socket.local1, socket.local2, socket.local3, socket.localPort, v6Only);
  }

  indexOf(w0: number, w1: number, w2: number, w3: number): number {
    const { key } = this.#addresses;
    key[0] = w0;
    key[1] = w1;
    key[2] = w2;
    key[3] = w3;
    const index = this.#addresses.intern();
    if (index === this.#held.length) this.#held.push(new PortSet());
    return index;
  }

  /** Notes usable ports of an address whose index is known and which is no wildcard; keeps the set as it is given. */
  adoptAt(index: number, ports: PortSet): void {
    const held = this.#held[index]!;
    if (held.isNeverFilled) this.#held[index] = ports;
    else held.addAll(ports);
  }

  /** The port is held by an IPv6 socket of which it is not known whether it is v6only; assumed not to be. */
  addUncertain(port: number): void {
    if (this.#usable.has(port)) this.#dualSpecific.add(port);
  }

  /** The same of a connection on a v6only listener's port: accepted ones are v6only, and it is assumed to be one. */
  addBesideListener(port: number): void {
    if (this.#usable.has(port)) this.#perhapsDual.add(port);
  }

  /** Ports that 0.0.0.0 would lose to IPv6 sockets with an address alone: worth a bind() trial. */
  onlyDualSpecific(): number[] {
    const others = this.#ipv4Specific().addAll(this.#wildIpv4).addAll(this.#wildDual);
    return [...this.#dualSpecific.clone().addAll(this.#perhapsDual).deleteAll(others)];
  }

  /** What the trial of one of {@link onlyDualSpecific} said. */
  settleDualSpecific(port: number, isFree: boolean): void {
    if (isFree) this.#dualSpecific.delete(port);
    else this.#dualSpecific.add(port);
  }

  /** Number of usable ports that some holder takes away from bind(address, 0), for every address seen and the wildcards. */
  *pools(): Generator<{ source: Address; used: number }> {
    yield { source: Address.anyIpv4, used: this.usedOf(Address.anyIpv4) };
    yield { source: Address.anyIpv6, used: this.usedOf(Address.anyIpv6) };
    for (let index = 0; index < this.#held.length; index++) {
      const source = this.#address(index);
      yield { source, used: this.#usedBy(this.#held[index]!, ...this.#wildcardsFor(source)) };
    }
  }

  /** The same for one address, seen or not. @param within the ports of a range alone. */
  usedOf(address: Address, within?: PortSet): number {
    const [held, ...others] = this.#heldFrom(address);
    return within === undefined ? this.#usedBy(held, ...others) : others.reduce((all, other) => all.addAll(other), held.clone()).countCommon(within);
  }

  /** Ports that bind(address, 0) refuses: their union. */
  #heldFrom(address: Address): [PortSet, ...PortSet[]] {
    if (address.isUnspecified) {
      const ipv4 = this.#ipv4Specific();
      if (address.isIpv4) return [ipv4, this.#wildIpv4, this.#wildDual, this.#dualSpecific];
      const everything = this.#held.reduce((all, held, index) => (this.#isIpv4(index) ? all : all.addAll(held)), ipv4);
      return [everything, this.#wildIpv4, this.#wildDual, this.#wildIpv6];
    }
    const { key } = this.#addresses;
    key[0] = address.w0;
    key[1] = address.w1;
    key[2] = address.w2;
    key[3] = address.w3;
    return [this.#held[this.#addresses.find()] ?? new PortSet(), ...this.#wildcardsFor(address)];
  }

  #wildcardsFor(address: Address): PortSet[] {
    return [this.#wildDual, address.isIpv4 ? this.#wildIpv4 : this.#wildIpv6];
  }

  #ipv4Specific(): PortSet {
    const all = new PortSet();
    this.#held.forEach((held, index) => {
      if (this.#isIpv4(index)) all.addAll(held);
    });
    return all;
  }

  /** Size of the union; every set holds usable ports alone. */
  #usedBy(held: PortSet, ...others: readonly PortSet[]): number {
    const filled = others.filter((other) => !other.isNeverFilled);
    return filled.length === 0 ? held.size : filled.reduce((all, other) => all.addAll(other), held.clone()).size;
  }

  #isIpv4(index: number): boolean {
    return this.#addresses.word(index, 2) === 0xffff && this.#addresses.word(index, 0) === 0 && this.#addresses.word(index, 1) === 0;
  }

  #address(index: number): Address {
    const word = (position: number): number => this.#addresses.word(index, position);
    return new Address(word(0), word(1), word(2), word(3));
  }
}
