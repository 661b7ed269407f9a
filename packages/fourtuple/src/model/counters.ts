/**
 * The kernel's counters of one network namespace, each `Group.Name` as the kernel spells it, e.g. `TcpExt.TW`,
 * `Tcp.ActiveOpens`, `sockstat.TCP.tw`, `conntrack.count`, `conntrack.insert_failed`.
 */
export type Counters = Readonly<Record<string, number>>;

/** `later - earlier` for every counter that grew or shrank. */
export function counterChanges(earlier: Counters, later: Counters): Record<string, number> {
  const changes: Record<string, number> = {};
  for (const [name, value] of Object.entries(later)) {
    const before = earlier[name];
    if (before !== undefined && value !== before) changes[name] = value - before;
  }
  return changes;
}
