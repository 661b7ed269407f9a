import type { Owner } from '../../../model/index.ts';
import type { ConnectReport, ConnectWatch } from '../../../observe/index.ts';

export interface WatchFacts {
  readonly report: ConnectReport;
  readonly watch: Pick<ConnectWatch, 'mechanism' | 'limits'>;
  readonly takenAt: Date;
  readonly host: string;
  readonly kernel: string;
  nameOf(this: void, inode: number | undefined): string;
}

/** `fourtuple.watch/1`, described by schemas/watch.schema.json. */
export function watchDocument({ report, watch, takenAt, host, kernel, nameOf }: WatchFacts): Record<string, unknown> {
  const seconds = Math.max(0.001, report.intervalMs / 1000);
  return {
    schema: 'fourtuple.watch/1',
    takenAt: takenAt.toISOString(),
    host,
    kernel,
    mechanism: watch.mechanism,
    elapsedSeconds: rounded(report.elapsedMs / 1000),
    intervalSeconds: rounded(report.intervalMs / 1000),
    failures: report.failures.map(({ namespace, source, destination, destinationPort, owner, total, recent }) => ({
      namespace: namespace ?? null,
      namespaceName: nameOf(namespace),
      source: source.toString(),
      destination: destination.toString(),
      destinationPort,
      process: processDocument(owner),
      total,
      recent,
      perSecond: rounded(recent / seconds),
    })),
    lost: report.lost,
    tuples:
      report.churn?.map(({ namespace, source, destination, destinationPort, tried, established, noPort, notMade, closed }) => ({ namespace, namespaceName: nameOf(namespace), source: source.toString(), destination: destination.toString(), destinationPort, tried, established, noPort, notMade, closed, triedPerSecond: rounded(tried / seconds) })) ?? null,
    binds:
      report.binds?.map(({ namespace, address, port, code, owner, total, recent }) => ({ namespace, namespaceName: nameOf(namespace), address: address.toString(), port, errno: code, process: processDocument(owner), total, recent, perSecond: rounded(recent / seconds) })) ?? null,
    limits: watch.limits,
  };
}

function processDocument({ pid, command, uid, unit, container }: Owner): Record<string, unknown> {
  return { pid, command, ...(uid === undefined ? {} : { uid }), ...(unit === undefined ? {} : { unit }), ...(container === undefined ? {} : { container }) };
}

/** Three decimals. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
