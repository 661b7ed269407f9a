import type { Extracted } from '../statement.ts';
import { joined } from './embedded.ts';
import { listStatements, portOf, type Placement } from './settings.ts';
import { eachMap, isScalar, itemsOf, mapsOf, type Source, type Tree, type TreeMap } from './tree.ts';
import { extractWords } from './written-file.ts';
import { groupOf } from './kubernetes.ts';

/**
 * Containers of Amazon ECS: task definitions, those in CloudFormation (`ContainerDefinitions`) and in Terraform (`container_definitions`), and lists
 * of container definitions by themselves. With `awsvpc` the containers of a task share a network namespace, and thereby the group.
 * @param sharesHostNetwork of containers that stand outside of a task definition
 */
export function extractEcs(source: Source, root: Tree, sharesHostNetwork = false): Extracted {
  const parts: Extracted[] = [];
  eachMap(root, (map) => {
    const definitions = anyCase(map, 'containerdefinitions');
    if (definitions?.kind === 'list') {
      const mode = anyCase(map, 'networkmode');
      const network = isScalar(mode) ? mode.value : undefined;
      parts.push(...mapsOf(definitions).map((one) => container(source, one, network === 'awsvpc' ? groupOf('task', map) : groupOf(nameOf(one), one), network === 'host')));
      return false;
    }
    if (anyCase(map, 'systemcontrols') === undefined) return undefined;
    parts.push(container(source, map, groupOf(nameOf(map), map), sharesHostNetwork));
    return false;
  });
  return joined(parts);
}

/** True if there is a container of ECS in a tree. */
export function hasContainers(root: Tree): boolean {
  let found = false;
  eachMap(root, (map) => {
    found ||= anyCase(map, 'containerdefinitions') !== undefined || anyCase(map, 'systemcontrols') !== undefined;
    return !found;
  });
  return found;
}

function container(source: Source, map: TreeMap, group: string, sharesHostNetwork: boolean): Extracted {
  const place: Placement = { group, reach: 'container', sharesHostNetwork };
  const statements = listStatements(source, place, anyCase(map, 'systemcontrols'), ['namespace', 'Namespace']);
  const ports = itemsOf(anyCase(map, 'portmappings')).flatMap(({ value }) => portOf(group, anyCase(value, 'containerport')));
  const words = ['entrypoint', 'command'].flatMap((name) => itemsOf(anyCase(map, name)).flatMap(({ value }) => (isScalar(value) ? [value] : [])));
  return joined([{ statements, ports, problems: [] }, extractWords(words, place)]);
}

function nameOf(map: TreeMap): string {
  const name = anyCase(map, 'name');
  return isScalar(name) && name.value !== undefined ? `container ${name.value}` : 'container';
}

/** `containerPort`, `ContainerPort`, `container_port`. @param name in small letters */
function anyCase(map: Tree | undefined, name: string): Tree | undefined {
  return map?.kind === 'map' ? map.entries.findLast(({ key }) => key.value?.replaceAll('_', '').toLowerCase() === name)?.value : undefined;
}
