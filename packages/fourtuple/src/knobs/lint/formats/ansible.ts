import { nothingExtracted, type Extracted, type Span, type Statement } from '../statement.ts';
import { inTurn, loopOf, type Turn } from './ansible-loop.ts';
import { argumentsOf } from './ansible-words.ts';
import { joined } from './embedded.ts';
import { extractGeneric } from './generic.ts';
import { groupOf } from './kubernetes.ts';
import { fieldStatement, mapStatements, switchless, type Placement } from './settings.ts';
import { at, eachMap, entryOf, isMap, isScalar, itemsOf, mapsOf, scalarsOf, textAt, type Source, type Tree, type TreeItem, type TreeMap, type TreeScalar } from './tree.ts';
import { extractCommand, extractWords, extractWrittenScalar } from './written-file.ts';

const TASK_LISTS = ['pre_tasks', 'tasks', 'post_tasks', 'handlers'];

const BLOCKS = ['block', 'rescue', 'always'];

/** Of all loops of a file: a thousand loops over one list of a thousand are a million. */
const MOST_TURNS = 20_000;

/** True for a playbook and for a list of tasks. */
export function isAnsible(root: Tree): boolean {
  return root.kind === 'list' && mapsOf(root).some((item) => isPlay(item) || isTask(item));
}

/** Playbooks, a group for each play, and files of tasks or handlers. */
export function extractAnsible(source: Source, root: Tree): Extracted {
  const reader = new Reader(source, variablesOf(root));
  const parts = mapsOf(root).filter(isPlay).map((play) => reader.play(play));
  const tasks = itemsOf(root).filter(({ value }) => isMap(value) && !isPlay(value));
  return joined([...parts, reader.tasks(tasks, hostPlace('tasks'))]);
}

function isPlay(map: TreeMap): boolean {
  return entryOf(map, 'hosts') !== undefined && entryOf(map, 'sysctl', 'shell', 'command') === undefined;
}

function isTask(map: TreeMap): boolean {
  return map.entries.some(({ key }) => key.value !== undefined && (MODULES.has(moduleName(key.value)) || BLOCKS.includes(key.value) || /^(?:local_)?action$/.test(key.value) || /^ansible\.(?:builtin|posix)\./.test(key.value)));
}

function hostPlace(group: string): Placement {
  return { group, reach: 'host', sharesHostNetwork: false };
}

/** Everything under `vars` and `set_fact`, by its name; a name that stands twice is the last one. */
function variablesOf(root: Tree): Map<string, Tree> {
  const found = new Map<string, Tree>();
  eachMap(root, (map, name) => {
    if (name === 'vars' || moduleName(name) === 'set_fact') for (const { key, value } of map.entries) if (key.value !== undefined && value !== undefined) found.set(key.value, value);
  });
  return found;
}

function moduleName(key: string): string {
  return key.replace(/^(?:ansible\.(?:builtin|posix|legacy)|community\.(?:general|docker)|containers\.podman)\./, '');
}

/** Arguments of a task: those of a map, or those of a line. */
type Arguments = (...names: readonly string[]) => TreeScalar | undefined;

type Module = (this: void, task: Task) => Extracted;

interface Task {
  readonly source: Source;
  readonly place: Placement;
  /** What stands behind the name of the module. */
  readonly body: Tree | undefined;
  readonly args: Arguments;
  /** The item of the loop, or the task. */
  readonly span: Span;
}

const MODULES: ReadonlyMap<string, Module> = new Map<string, Module>([
  ['sysctl', ({ source, place, args, span }) => one(sysctlStatement(source, place, args, span))],
  ['copy', ({ place, args }) => extractWrittenScalar(args('dest')?.content.text, args('content'), place)],
  ['blockinfile', ({ place, args }) => unlessAbsent(args, () => extractWrittenScalar(args('path', 'dest', 'name', 'destfile')?.content.text, args('block', 'content'), place))],
  ['lineinfile', ({ place, args }) => unlessAbsent(args, () => extractWrittenScalar(args('path', 'dest', 'name', 'destfile')?.content.text, args('line', 'value'), place))],
  ['shell', command],
  ['command', command],
  ['raw', command],
  ['docker_container', container],
  ['podman_container', container],
]);

function command({ place, body, args }: Task): Extracted {
  if (isScalar(body)) return extractCommand(body, place);
  const argv = at(body, 'argv');
  return argv === undefined ? extractCommand(args('cmd', '_raw_params'), place) : extractWords(scalarsOf(argv), place);
}

function container({ source, body, args, span }: Task): Extracted {
  const place: Placement = { group: `container ${args('name')?.content.text ?? ''} at ${span.start}`, reach: 'container', sharesHostNetwork: args('network_mode', 'network')?.value === 'host' };
  return { statements: mapStatements(source, place, at(body, 'sysctls') ?? at(body, 'sysctl')), ports: [], problems: [] };
}

function one(statement: Statement | undefined): Extracted {
  return statement === undefined ? nothingExtracted : { statements: [statement], ports: [], problems: [] };
}

function unlessAbsent(args: Arguments, found: () => Extracted): Extracted {
  return args('state')?.value === 'absent' ? nothingExtracted : found();
}

function sysctlStatement(source: Source, place: Placement, args: Arguments, span: Span): Statement | undefined {
  const key = args('name', 'key');
  const value = args('value', 'val');
  if (key?.value === undefined || args('state')?.value === 'absent') return undefined;
  const statement = fieldStatement(source, place, key, value, span);
  return statement && switchless(statement);
}

class Reader {
  readonly #source: Source;
  readonly #variables: ReadonlyMap<string, Tree>;
  /** Tasks that were read: aliases may bring one again. */
  readonly #read = new Set<TreeMap>();
  /** Lists that loops went over: their settings are read as those of the tasks. */
  readonly #looped = new Set<Tree>();
  #turnsLeft = MOST_TURNS;

  constructor(source: Source, variables: ReadonlyMap<string, Tree>) {
    this.#source = source;
    this.#variables = variables;
  }

  play(play: TreeMap): Extracted {
    const place = hostPlace(groupOf(`play ${textAt(play, 'name') ?? textAt(play, 'hosts') ?? ''}`, play));
    const tasks = TASK_LISTS.map((name) => this.tasks(itemsOf(at(play, name)), place));
    const roles = mapsOf(at(play, 'roles'));
    // Behind the tasks: what these went over is not read again.
    return joined([...tasks, this.#variablesIn(at(play, 'vars')), ...roles.map((role) => this.#variablesIn(role))]);
  }

  tasks(tasks: readonly TreeItem[], place: Placement): Extracted {
    return joined(tasks.map(({ value, span }) => (isMap(value) ? this.#task(value, span, place) : nothingExtracted)));
  }

  #task(task: TreeMap, span: Span, place: Placement): Extracted {
    if (this.#read.has(task)) return nothingExtracted;
    this.#read.add(task);
    const parts = BLOCKS.map((name) => this.tasks(itemsOf(at(task, name)), place));
    const loop = loopOf(task, this.#variables);
    for (const tree of loop?.over ?? []) this.#looped.add(tree);
    for (const { key, value } of task.entries) {
      const [name, body] = calledModule(moduleName(key.value ?? ''), value);
      const module = MODULES.get(name);
      if (module === undefined) continue;
      const args = argumentsOfTask(task, body);
      const run = (turn?: Turn): Extracted => module({ source: this.#source, place, body, span: turn?.span ?? span, args: (...names) => inTurn(args(...names), loop, turn) });
      parts.push(loop?.turns === undefined || !usesTurns(args) ? run() : joined(this.#counted(loop.turns).map(run)));
    }
    parts.push(this.#variablesIn(at(task, 'vars')));
    return joined(parts);
  }

  #counted(turns: readonly Turn[]): readonly Turn[] {
    const kept = turns.slice(0, this.#turnsLeft);
    this.#turnsLeft -= kept.length;
    return kept;
  }

  /** Settings in variables that no task of the file goes over: a role may. */
  #variablesIn(tree: Tree | undefined): Extracted {
    return tree === undefined ? nothingExtracted : extractGeneric(this.#source, tree, { skip: this.#looped });
  }
}

/** A loop of a thousand items that no argument uses writes the same a thousand times. */
function usesTurns(args: Arguments): boolean {
  return ['name', 'key', 'value', 'val', 'dest', 'path', 'content', 'line', 'block', 'state'].some((name) => args(name)?.type === 'template');
}

/** `action: sysctl name=…` calls what it names. */
function calledModule(name: string, body: Tree | undefined): readonly [string, Tree | undefined] {
  if (name !== 'action' && name !== 'local_action') return [name, body];
  if (isMap(body)) return [moduleName(textAt(body, 'module') ?? ''), body];
  if (!isScalar(body)) return [name, body];
  const module = /^\s*(\S+)\s*/.exec(body.content.text.slice(0, 200));
  if (module === null) return [name, body];
  const content = body.content.slice(module[0].length);
  return [moduleName(module[1] ?? ''), { ...body, content, span: content.span() }];
}

function argumentsOfTask(task: TreeMap, body: Tree | undefined): Arguments {
  const line = isScalar(body) ? argumentsOf(body.content) : undefined;
  return (...names) => {
    for (const name of names) {
      const found = line?.get(name) ?? entryOf(body, name)?.value ?? at(task, 'args', name);
      if (isScalar(found)) return found;
    }
    return undefined;
  };
}
