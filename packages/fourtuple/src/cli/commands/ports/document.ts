import { findFirstToFail } from '../../../diagnose/first-to-fail.ts';
import type { HostMeasurement } from '../../../observe/index.ts';
import { bindPoolDocument, firstToFailDocument, namespaceDocument, tupleDocument } from '../../documents.ts';
import { tupleRows } from './rows.ts';

/** `fourtuple.ports/1`, described by schemas/ports.schema.json. */
export function portsDocument(measured: HostMeasurement, top: number | undefined): Record<string, unknown> {
  return {
    schema: 'fourtuple.ports/1',
    takenAt: measured.takenAt,
    kernel: measured.kernel,
    host: measured.host,
    firstToFail: firstToFailDocument(findFirstToFail(measured.namespaces)),
    namespaces: measured.namespaces.map(namespaceDocument),
    *tuples() {
      for (const { id, row } of tupleRows(measured, top)) yield tupleDocument(id, row.tuple);
    },
    *bindPools() {
      for (const one of measured.namespaces) for (const pool of one.usage.bindPools) yield bindPoolDocument(one.id.inode, pool);
    },
    limits: measured.limits,
  };
}
