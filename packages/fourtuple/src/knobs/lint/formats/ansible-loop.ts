import { at, entryOf, isMap, isScalar, itemsOf, textAt, type Tree, type TreeMap, type TreeScalar } from './tree.ts';
import type { Span } from '../statement.ts';

/** One turn of a loop: what stands behind a path of its variable. */
export interface Turn {
  readonly get: (path: readonly string[]) => Tree | undefined;
  readonly span: Span;
}

export interface Loop {
  /** `item`, or as `loop_control` names it. */
  readonly variable: string;
  /** Undefined for a list that does not stand in the file. */
  readonly turns: readonly Turn[] | undefined;
  /** The lists and maps that it goes over. */
  readonly over: readonly Tree[];
}

const LOOPS = ['loop', 'with_items', 'with_list', 'with_dict', 'with_flattened'];

/** The loop of a task; undefined without. @param variables of the file by their names */
export function loopOf(task: TreeMap, variables: ReadonlyMap<string, Tree>): Loop | undefined {
  const list = LOOPS.map((name) => entryOf(task, name)?.value).find((value) => value !== undefined);
  if (list === undefined) return undefined;
  const variable = textAt(task, 'loop_control', 'loop_var') ?? 'item';
  const over: Tree[] = [];
  const turns = turnsOf(list, variables, over);
  return { variable, turns, over };
}

function turnsOf(list: Tree, variables: ReadonlyMap<string, Tree>, over: Tree[]): Turn[] | undefined {
  const named = isScalar(list) ? variables.get(variableOf(list) ?? '') : list;
  if (named === undefined || isScalar(named)) return undefined;
  over.push(named);
  if (isMap(named)) return named.entries.map(({ key, value, span }) => ({ span, get: ([first, ...rest]) => (first === 'key' && rest.length === 0 ? key : first === 'value' ? at(value, ...rest) : undefined) }));
  return itemsOf(named).flatMap(({ value, span }) => {
    // with_items opens lists inside of its list.
    const inner = isScalar(value) ? variables.get(variableOf(value) ?? '') : undefined;
    if (inner !== undefined && inner.kind !== 'scalar') {
      over.push(inner);
      return itemsOf(inner).map((item) => ({ span: item.span, get: (path) => at(item.value, ...path) }));
    }
    return [{ span, get: (path) => at(value, ...path) }];
  });
}

/** `{{ NAME }}` and `{{ NAME | dict2items }}`: which name. */
function variableOf({ content }: TreeScalar): string | undefined {
  return /^\s*\{\{-?\s*([A-Za-z_]\w*)\s*(?:\|[^{}]*)?\}\}\s*$/.exec(content.text.slice(0, 300))?.[1];
}

/** What an argument is in one turn: itself, or what `{{ item.NAME }}` leads to. */
export function inTurn(argument: TreeScalar | undefined, loop: Loop | undefined, turn: Turn | undefined): TreeScalar | undefined {
  if (argument?.type !== 'template' || loop === undefined || turn === undefined) return argument;
  const found = /^\s*\{\{-?\s*([A-Za-z_]\w*)((?:\.\w+|\[["']\w+["']\])*)\s*(?:\|\s*(?:string|int|trim|quote|default|d|bool)\b[^{}]*)?\}\}\s*$/.exec(argument.content.text.slice(0, 300));
  if (found === null || found[1] !== loop.variable) return argument;
  const reached = turn.get(found[2]?.match(/\w+/g) ?? []);
  return isScalar(reached) ? reached : undefined;
}
