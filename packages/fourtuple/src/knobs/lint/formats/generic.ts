import type { Extracted, Statement } from '../statement.ts';
import { joined } from './embedded.ts';
import { groupOf } from './kubernetes.ts';
import { isSysctlKey, listStatements, mapStatements, pairStatements, switchless, type Placement } from './settings.ts';
import { eachMap, isScalar, scalarsOf, type Above, type Source, type Tree, type TreeMap } from './tree.ts';
import { extractUserData } from './user-data.ts';
import { extractCommand, extractWords } from './written-file.ts';

/** Names under which pipelines and the like keep lines for a shell. */
const SCRIPT_NAMES = new Set(['run', 'script', 'before_script', 'after_script', 'cmd', 'cmds', 'command', 'commands', 'args', 'entrypoint', 'inline']);

const WORD_NAMES = new Set(['command', 'args', 'entrypoint']);

const USER_DATA_NAMES = new Set(['userdata', 'user_data', 'customdata', 'custom_data', 'fn::base64', 'fn::sub']);

/** Names of the key in lists of settings. */
const KEY_NAMES = ['name', 'key', 'sysctl', 'parameter'];

export interface GenericOptions {
  /** Of settings that say nothing else. */
  readonly reach?: Placement['reach'];
  /** Lists of `{name, value}` under `sysctls` are for the description of a pod. */
  readonly listsAreOfPods?: boolean;
  /** Trees that somebody else reads. */
  readonly skip?: ReadonlySet<Tree>;
}

/**
 * Descriptions of no known kind: variables of Ansible, values of Helm, pipelines. Maps with keys that look like sysctls, lists of pairs, and
 * commands. Each map or list is a group: which of them end in one place is not known.
 */
export function extractGeneric(source: Source, root: Tree, { reach = 'host', listsAreOfPods = false, skip }: GenericOptions = {}): Extracted {
  const parts: Extracted[] = [];
  const place = (tree: Tree, of: Placement['reach'] = reach): Placement => ({ group: groupOf('settings', tree), reach: of, sharesHostNetwork: false });
  eachMap(root, (map, _name, above) => {
    if (skip?.has(map) === true) return false;
    const statements: Statement[] = mapStatements(source, place(map), map, isSysctlKey).map(switchless);
    for (const { key, value } of map.entries) {
      const name = key.value ?? '';
      if (value === undefined || skip?.has(value) === true) continue;
      if (value.kind === 'list') {
        const isOfPod = listsAreOfPods && name === 'sysctls';
        const found = listStatements(source, place(value, isOfPod ? 'pod' : reach), value, KEY_NAMES, { tellsType: isOfPod, takes: isSysctlKey });
        statements.push(...(isOfPod ? found : found.map(switchless)));
        if (/sysctl/i.test(name)) statements.push(...pairStatements(source, place(value), value, isSysctlKey));
      }
      parts.push(...commandsOf(name, value, map, above, reach));
    }
    parts.push({ statements, ports: [], problems: [] });
    return undefined;
  });
  // A list at the root stands under no name.
  if (root.kind === 'list' && skip?.has(root) !== true) parts.push({ statements: listStatements(source, place(root), root, KEY_NAMES, { takes: isSysctlKey }).map(switchless), ports: [], problems: [] });
  return joined(parts);
}

function commandsOf(name: string, value: Tree, map: TreeMap, above: readonly Above[], reach: Placement['reach']): Extracted[] {
  const isUserData = USER_DATA_NAMES.has(name.toLowerCase());
  if (!isUserData && !SCRIPT_NAMES.has(name)) return [];
  // Steps of a job share its host; so do the lines of one list.
  const home = value.kind === 'list' ? map : (above.at(-1)?.map ?? map);
  const place: Placement = { group: groupOf('commands', home), reach, sharesHostNetwork: false };
  if (isUserData) return isScalar(value) ? [extractUserData(value, place)] : [];
  const scalars = (isScalar(value) ? [value] : scalarsOf(value)).filter(({ content }) => /sysctl|proc\/sys/.test(content.text));
  if (scalars.length === 0) return [];
  return WORD_NAMES.has(name) && value.kind === 'list' ? [extractWords(scalarsOf(value), place)] : scalars.map((one) => extractCommand(one, place));
}
