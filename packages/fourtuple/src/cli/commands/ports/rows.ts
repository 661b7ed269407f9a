import type { HostMeasurement } from '../../../observe/index.ts';
import { bindPoolJson, tupleJson } from '../../documents.ts';
import type { TupleRow } from '../../usage-columns.ts';

/** Fullest first within each namespace; with a limit, the fullest of all. */
export function* tupleRows(measured: HostMeasurement, top: number | undefined): Generator<{ id: number; row: TupleRow }> {
  if (top !== undefined) {
    const all = measured.namespaces.flatMap((one) => one.usage.tuples.top(top).map((tuple) => ({ id: one.id.inode, row: { namespace: one.id.name, tuple } })));
    yield* all.sort((left, right) => right.row.tuple.ratio - left.row.tuple.ratio).slice(0, top);
    return;
  }
  for (const one of measured.namespaces) {
    for (let rank = 0; rank < one.usage.tuples.length; rank++) yield { id: one.id.inode, row: { namespace: one.id.name, tuple: one.usage.tuples.at(rank) } };
  }
}

export function* rowsOnly(measured: HostMeasurement, top: number | undefined): Generator<TupleRow> {
  for (const { row } of tupleRows(measured, top)) yield row;
}

export function* tuplesJson(measured: HostMeasurement, top: number | undefined): Generator<string> {
  if (top !== undefined) {
    for (const { id, row } of tupleRows(measured, top)) yield tupleJson(id, row.tuple);
    return;
  }
  for (const { id, usage } of measured.namespaces) for (let rank = 0; rank < usage.tuples.length; rank++) yield tupleJson(id.inode, usage.tuples.at(rank));
}

export function* bindPoolsJson(measured: HostMeasurement): Generator<string> {
  for (const one of measured.namespaces) for (const pool of one.usage.bindPools) yield bindPoolJson(one.id.inode, pool);
}
