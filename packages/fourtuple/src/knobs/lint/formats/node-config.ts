import type { Extracted } from '../statement.ts';
import { joined } from './embedded.ts';
import { mapStatements, pairStatements, type Placement } from './settings.ts';
import { at, eachMap, mapsOf, textAt, type Source, type Tree, type TreeMap } from './tree.ts';
import { extractCommands, extractWrittenScalar } from './written-file.ts';
import { groupOf, labelOf } from './kubernetes.ts';

/** KubeadmConfig and its kin of Cluster API: files and commands for a node, at whatever depth. */
export function extractKubeadm(root: Tree): Extracted {
  const parts: Extracted[] = [];
  eachMap(root, (map, _name, above) => {
    if (!['files', 'preKubeadmCommands', 'postKubeadmCommands'].some((name) => at(map, name)?.kind === 'list')) return undefined;
    const place = node(map, labelOf([...above.map((outer) => outer.map), map]));
    parts.push(...extractCommands(at(map, 'preKubeadmCommands'), place), ...mapsOf(at(map, 'files')).map((file) => extractWrittenScalar(textAt(file, 'path'), at(file, 'content'), place, textAt(file, 'encoding'))), ...extractCommands(at(map, 'postKubeadmCommands'), place));
    return undefined;
  });
  return joined(parts);
}

/** `sysctlParameters` of kops, of a cluster or a group of instances. */
export function extractKops(source: Source, root: TreeMap): Extracted {
  return { statements: pairStatements(source, node(root, labelOf([root])), at(root, 'spec', 'sysctlParameters')), ports: [], problems: [] };
}

/** `machine.sysctls` of Talos. */
export function extractTalos(source: Source, root: TreeMap): Extracted {
  return { statements: mapStatements(source, node(root, 'machine'), at(root, 'machine', 'sysctls')), ports: [], problems: [] };
}

function node(map: TreeMap, label: string): Placement {
  return { group: groupOf(label, map), reach: 'node', sharesHostNetwork: false };
}
