import type { Diagnosis } from '../../../diagnose/index.ts';
import type { HostMeasurement } from '../../../observe/index.ts';
import { bindPoolJson, findingDocument, firstToFailDocument, namespaceDocument, tupleJson } from '../../documents.ts';

/** `fourtuple.check/1`, described by schemas/check.schema.json. @param top how many tuples of each namespace to list. */
export function checkDocument(measured: HostMeasurement, diagnosis: Diagnosis, top: number): Record<string, unknown> {
  return {
    schema: 'fourtuple.check/1',
    status: diagnosis.status,
    summary: diagnosis.summary,
    takenAt: measured.takenAt,
    kernel: measured.kernel,
    host: measured.host,
    firstToFail: firstToFailDocument(diagnosis.firstToFail),
    namespaces: measured.namespaces.map(namespaceDocument),
    tuples: () => measured.namespaces.flatMap((one) => one.usage.tuples.top(top).map((tuple) => tupleJson(one.id.inode, tuple))),
    bindPools: () => measured.namespaces.flatMap((one) => one.usage.bindPools.map((pool) => bindPoolJson(one.id.inode, pool))),
    findings: () => diagnosis.findings.map((finding) => JSON.stringify(findingDocument(finding))),
    limits: measured.limits,
  };
}
