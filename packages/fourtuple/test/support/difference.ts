/** Lines that one of two lists has and the other has not, each as often as it is too many; empty when they are equal. */
export function difference(ours: readonly string[], theirs: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const line of ours) counts.set(line, (counts.get(line) ?? 0) + 1);
  for (const line of theirs) counts.set(line, (counts.get(line) ?? 0) - 1);
  return [...counts]
    .filter(([, count]) => count !== 0)
    .map(([line, count]) => `${count > 0 ? 'only ours' : 'only theirs'}${Math.abs(count) === 1 ? '' : ` (${Math.abs(count)} times)`}: ${line}`)
    .join('\n');
}

/** Complaints of a long test, each with what led to it; the test stops at the third. */
export class Complaints {
  readonly #texts: string[] = [];

  get areEnough(): boolean {
    return this.#texts.length >= 3;
  }

  /** @param complaint nothing when empty. */
  add(what: string, complaint: string, story: string): void {
    if (complaint !== '') this.#texts.push(`${what}:\n${complaint}\n${story}`);
  }

  /** Everything, for an assertion that there is none. */
  toString(): string {
    return this.#texts.join('\n\n');
  }
}
