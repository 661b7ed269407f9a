import { grouped, type Counters } from '../../model/index.ts';

/**
 * What counters that grew say about connections that time out (measured with client, router and server in namespaces of
 * their own): none of it is exhaustion of this host's ports.
 */
export function timeoutVerdicts({ before, after, elapsedMs }: { before: Counters; after: Counters; elapsedMs: number }): string[] {
  const growth = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0);
  const during = `in the last ${elapsedMs < 10_000 ? (elapsedMs / 1000).toFixed(1) : Math.round(elapsedMs / 1000)} s`;
  const verdicts: string[] = [];
  const failed = growth('conntrack.insert_failed');
  const dropped = growth('conntrack.drop');
  if (failed > 0 && dropped > 0) verdicts.push(`Source NAT on this host found no port for ${grouped(failed)} packets ${during} (conntrack insert_failed with drop): such a connect() times out.`);
  else if (dropped > 0) verdicts.push(`The connection tracking table dropped ${grouped(dropped)} packets ${during} (drop without insert_failed: it is full): such a connect() times out.`);
  const overflows = growth('TcpExt.ListenOverflows');
  if (overflows > 0) verdicts.push(`A listener in this namespace had a full accept queue ${grouped(overflows)} times ${during} (ListenOverflows): its clients time out.`);
  const retransmitted = growth('TcpExt.TCPSynRetrans');
  if (retransmitted > 0 && verdicts.length === 0) verdicts.push(`${grouped(retransmitted)} SYNs were sent again ${during} (TCPSynRetrans): somebody on the way does not answer; ports of this host are not the reason.`);
  return verdicts;
}
