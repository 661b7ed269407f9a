// One name a state, though the filter knows synonyms. Not read from the model: that would split the chunk that every command loads.
const singleStates = ['established', 'syn-sent', 'syn-recv', 'fin-wait-1', 'fin-wait-2', 'time-wait', 'closed', 'close-wait', 'last-ack', 'listening', 'closing', 'bound-inactive'];
const states = [...singleStates, 'all', 'connected', 'synchronized', 'bucket', 'big'];
const ports = ['sport', 'dport'];
const conditions = [...ports, 'src', 'dst', 'autobound', 'dev', 'fwmark', 'cgroup'];
// No < and >: they would have to be quoted from the shell.
const comparisons = ['=', '!=', 'eq', 'ne', 'lt', 'le', 'gt', 'ge'];

/** Words of the filter language that may follow the words before. */
export function filterWords(before: readonly string[], partial: string): readonly string[] {
  const last = before.at(-1) ?? '';
  if (last === 'state' || last === 'exclude') {
    const listed = partial.slice(0, partial.lastIndexOf(',') + 1);
    return states.map((name) => listed + name);
  }
  if (ports.includes(last)) return comparisons;
  // A value follows, which nobody can guess.
  if (comparisons.includes(last) || (conditions.includes(last) && last !== 'autobound')) return [];
  const hasCondition = before.some((word) => conditions.includes(word));
  return [...(hasCondition ? ['and', 'or'] : ['state', 'exclude']), 'not', ...conditions];
}
