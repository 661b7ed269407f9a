import { isPattern } from './key.ts';
import { unescaped, wildcard } from './wildcard.ts';

/** What PATH_MAX leaves behind `/proc/sys/`, without the NUL byte. */
const LONGEST = 4095 - '/proc/sys/'.length;

interface Place {
  readonly name: string;
  readonly parent: Place | undefined;
  /** Undefined until something stands in it: a key. */
  inside?: Map<string, Place>;
}

/** A key that a path leads to. */
export interface Reached {
  /** As the pattern spells it: what other keys are compared with. */
  readonly spelled: string;
  /** Its one path below /proc/sys. */
  readonly path: string;
}

/** The keys below /proc/sys as stat(2) and glob(3) find them, `.`, `..` and repeated slashes included. */
export class KeyTree {
  readonly #root: Place = { name: '', parent: undefined };
  readonly #sys = placeIn(placeIn(this.#root, 'proc'), 'sys');

  constructor() {
    this.#sys.inside = new Map();
  }

  /** @param path below /proc/sys. One that leaves it, or is too long for the kernel, is not added. */
  add(path: string): void {
    if (path.length > LONGEST) return;
    let place = this.#sys;
    for (const part of path.split('/')) {
      if (part === '..' && place === this.#sys) return;
      if (part === '..') place = place.parent ?? place;
      else if (part !== '' && part !== '.') place = placeIn(place, part);
    }
  }

  /** The keys that a path or a pattern below /proc/sys leads to; no folders, nothing outside. */
  find(path: string): Reached[] {
    if (path.length > LONGEST) return [];
    // One spelling a place: only a pattern with ".." behind a wildcard has more of them.
    let reached = new Map<Place, string>([[this.#sys, '']]);
    for (const [index, step] of (isPattern(path) ? patternSteps(path) : path.split('/')).entries()) {
      const next = new Map<Place, string>();
      for (const [place, spelled] of reached) {
        for (const [name, found] of follow(place, step)) if (!next.has(found)) next.set(found, index === 0 ? name : `${spelled}/${name}`);
      }
      reached = next;
    }
    return [...reached].flatMap(([place, spelled]) => (place.inside === undefined ? [{ spelled, path: this.#pathOf(place) }] : []));
  }

  #pathOf(place: Place): string {
    const names: string[] = [];
    for (let at: Place | undefined = place; at !== undefined && at !== this.#sys; at = at.parent) names.unshift(at.name);
    return names.join('/');
  }
}

function placeIn(folder: Place, name: string): Place {
  folder.inside ??= new Map();
  const known = folder.inside.get(name);
  if (known !== undefined) return known;
  const made = { name, parent: folder };
  folder.inside.set(name, made);
  return made;
}

/** A name, or what tells which names. */
type Step = string | ((name: string) => boolean);

/** As glob(3) of glibc takes a pattern apart: behind a wildcard two slashes stand for more of them, and behind a last name there is none. */
function patternSteps(path: string): Step[] {
  const steps: Step[] = path.split('/').map((part) => wildcard(part) ?? unescaped(part));
  const first = steps.findIndex((step) => typeof step !== 'string');
  if (first < 0) return steps;
  const kept = steps.filter((step, index) => index <= first || step !== '' || steps[index - 1] !== '');
  if (kept.at(-1) === '' && typeof kept.at(-2) === 'string') kept.pop();
  return kept;
}

/** The places that a step leads to, with the names that it has for them. */
function follow(folder: Place, step: Step): [string, Place][] {
  if (folder.inside === undefined) return [];
  if (typeof step !== 'string') return [...folder.inside].filter(([name]) => step(name));
  const found = step === '' || step === '.' ? folder : step === '..' ? (folder.parent ?? folder) : folder.inside.get(step);
  return found === undefined ? [] : [[step, found]];
}
