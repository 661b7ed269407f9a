import type { Extracted } from '../statement.ts';
import { joined } from './embedded.ts';
import { listStatements, mapStatements, portOf, type Placement } from './settings.ts';
import { at, eachMap, isMap, isScalar, isTrue, itemsOf, mapsOf, scalarsOf, textAt, type Source, type Tree, type TreeMap } from './tree.ts';
import { extractWords, extractWrittenScalar } from './written-file.ts';

/**
 * Objects of Kubernetes: whatever holds the description of a pod, at any depth, and files in ConfigMaps. What a ConfigMap holds is taken
 * to end on a node: a pod's own sysctls cannot come from one.
 * @param read is given the trees that were read here, for whoever looks for more
 */
export function extractKubernetes(source: Source, root: Tree, read: Set<Tree> = new Set()): Extracted {
  const parts: Extracted[] = [];
  eachMap(root, (map, _name, above) => {
    if (isPodSpec(map)) {
      parts.push(pod(source, map, labelOf([...above.map((outer) => outer.map), map]), read));
      return containersOf(map).length === 0;
    }
    const kind = textAt(map, 'kind');
    if (kind !== 'ConfigMap' && kind !== 'Secret') return undefined;
    const place: Placement = { group: groupOf(labelOf([map]), map), reach: 'node', sharesHostNetwork: false };
    read.add(map);
    for (const data of kind === 'Secret' ? [at(map, 'stringData')] : [at(map, 'data'), at(map, 'stringData')]) {
      if (isMap(data)) parts.push(...data.entries.map(({ key, value }) => extractWrittenScalar(key.value, value, place)));
    }
    return false;
  });
  return joined(parts);
}

/** `Deployment web`, by the innermost object that has a name. */
export function labelOf(maps: readonly TreeMap[]): string {
  const named = maps.findLast((map) => textAt(map, 'kind') !== undefined);
  return [textAt(named, 'kind') ?? 'pod', textAt(named, 'metadata', 'name') ?? textAt(named, 'metadata', 'generateName')].filter((word) => word !== undefined).join(' ');
}

/** Two of one name in a file are two places. */
export function groupOf(label: string, tree: Tree): string {
  return `${label} at ${tree.span.start}`;
}

export function isPodSpec(map: TreeMap): boolean {
  return at(map, 'containers')?.kind === 'list' || at(map, 'initContainers')?.kind === 'list' || at(map, 'securityContext', 'sysctls') !== undefined;
}

function containersOf(spec: TreeMap): TreeMap[] {
  return ['initContainers', 'containers', 'ephemeralContainers'].flatMap((name) => mapsOf(at(spec, name)));
}

function pod(source: Source, spec: TreeMap, label: string, read: Set<Tree>): Extracted {
  const sharesHostNetwork = isTrue(at(spec, 'hostNetwork'));
  const place: Placement = { group: groupOf(label, spec), reach: 'pod', sharesHostNetwork };
  const sysctls = at(spec, 'securityContext', 'sysctls');
  const statements = isMap(sysctls) ? mapStatements(source, place, sysctls) : listStatements(source, place, sysctls, ['name'], { tellsType: true });
  const containers = containersOf(spec);
  for (const tree of [sysctls, ...containers]) if (tree !== undefined) read.add(tree);
  const commands = containers.flatMap((container) => containerCommands(container, sharesHostNetwork ? { ...place, reach: 'node' } : place));
  const ports = containers.flatMap((container) => itemsOf(at(container, 'ports')).flatMap(({ value }) => portOf(place.group, at(value, 'containerPort'))));
  return joined([{ statements, ports, problems: [] }, ...commands]);
}

/** The program and its arguments are one command; what runs when the container starts is another. */
function containerCommands(container: TreeMap, place: Placement): Extracted[] {
  const words = ['command', 'args'].flatMap((name) => {
    const tree = at(container, name);
    return isScalar(tree) ? [tree] : scalarsOf(tree);
  });
  return [extractWords(words, place), extractWords(scalarsOf(at(container, 'lifecycle', 'postStart', 'exec', 'command')), place)];
}
