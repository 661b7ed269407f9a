import { UnsupportedError } from '../../errors.ts';
import type { Btf, FieldPlace } from '../btf.ts';

/** Place of a field of this kernel. @throws UnsupportedError where it is missing */
export function placeOf(types: Btf, structure: string, path: string): FieldPlace {
  const place = types.field(structure, path);
  if (place === undefined) throw new UnsupportedError('BPF on sockets', `a kernel whose struct ${structure} has ${path}`);
  return place;
}
