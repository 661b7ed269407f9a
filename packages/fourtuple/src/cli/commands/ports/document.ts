import { findFirstToFail } from '../../../diagnose/first-to-fail.ts';
import type { HostMeasurement } from '../../../observe/index.ts';
import { firstToFailDocument, namespaceDocument } from '../../documents.ts';
import { bindPoolsJson, tuplesJson } from './rows.ts';

/** `fourtuple.ports/1`, described by schemas/ports.schema.json. */
export function portsDocument(measured: HostMeasurement, top: number | undefined): Record<string, unknown> {
  return {
    schema: 'fourtuple.ports/1',
    takenAt: measured.takenAt,
    kernel: measured.kernel,
    host: measured.host,
    firstToFail: firstToFailDocument(findFirstToFail(measured.namespaces)),
    namespaces: measured.namespaces.map(namespaceDocument),
    tuples: () => tuplesJson(measured, top),
    bindPools: () => bindPoolsJson(measured),
    limits: measured.limits,
  };
}
