/** Socket inode to owner: open addressing over typed arrays; inodes are positive and fit 32 bits in sock_diag. */
export class InodeTable {
  #keys: Uint32Array;
  #values: Uint32Array;
  #size = 0;

  /** @param expected number of inodes: with more it grows */
  constructor(expected = 512) {
    let slots = 1024;
    while (slots < expected * 2) slots *= 2;
    this.#keys = new Uint32Array(slots);
    this.#values = new Uint32Array(slots);
  }

  /** Keeps the first owner of an inode: the parent of those that inherited it. @param inode as an unsigned number @returns false for one that is there already */
  add(inode: number, owner: number): boolean {
    if (this.#size * 2 >= this.#keys.length) this.#grow();
    const keys = this.#keys;
    const mask = keys.length - 1;
    // As #slot() has it: a call less for each socket of a large host.
    let slot = ((Math.imul(inode >>> 4, 0x9e3779b1) >>> 7) * 16 + (inode & 15)) & mask;
    for (let held = keys[slot]!; held !== 0; held = keys[slot]!) {
      if (held === inode) return false;
      slot = (slot + 1) & mask;
    }
    keys[slot] = inode;
    this.#values[slot] = owner;
    this.#size++;
    return true;
  }

  /** Gives an inode that is there another owner. */
  set(inode: number, owner: number): void {
    this.#values[this.#slot(inode)] = owner;
  }

  find(inode: number): number {
    if (inode === 0) return -1;
    const slot = this.#slot(inode);
    return this.#keys[slot] === 0 ? -1 : this.#values[slot]!;
  }

  #slot(inode: number): number {
    const mask = this.#keys.length - 1;
    // Sockets that were made one after the other have numbers that follow: sixteen of them lie in one line of the cache.
    let slot = ((Math.imul(inode >>> 4, 0x9e3779b1) >>> 7) * 16 + (inode & 15)) & mask;
    while (this.#keys[slot] !== 0 && this.#keys[slot] !== inode >>> 0) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#keys = new Uint32Array(keys.length * 4);
    this.#values = new Uint32Array(keys.length * 4);
    for (let index = 0; index < keys.length; index++) {
      if (keys[index] === 0) continue;
      const slot = this.#slot(keys[index]!);
      this.#keys[slot] = keys[index]!;
      this.#values[slot] = values[index]!;
    }
  }
}
