import type { Extracted } from '../statement.ts';
import { joined } from './embedded.ts';
import { extractIni } from './ini.ts';
import { inside } from './settings.ts';
import { at, isScalar, mapsOf, textAt, type Tree } from './tree.ts';
import { groupOf } from './kubernetes.ts';

/** A Tuned of OpenShift: profiles of TuneD for nodes, each by itself, of which `recommend` chooses one. */
export function extractTunedResource(root: Tree): Extracted {
  return joined(
    mapsOf(at(root, 'spec', 'profile')).flatMap((profile) => {
      const data = at(profile, 'data');
      return isScalar(data) ? [inside(data, (text) => extractIni(text, { group: groupOf(`profile ${textAt(profile, 'name') ?? ''}`, profile), reach: 'node' }))] : [];
    }),
  );
}
