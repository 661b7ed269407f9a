import { ALL_HASHED_STATES, stateGroups } from '../../src/model/index.ts';
import type { Random } from './random.ts';

/** One filter in two spellings: ours, as a person might type it, and one that ss of iproute2 6.1 understands. */
export interface RandomFilter {
  readonly ours: string;
  readonly ss: readonly string[];
}

/** What filters may ask for, so that they have a chance to match. */
export interface FilterWorld {
  readonly ports: readonly number[];
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
  readonly marks: readonly number[];
  /** cgroup v2 mount and names below it; undefined leaves `cgroup` out. */
  readonly cgroups: { readonly root: string; readonly names: readonly string[] } | undefined;
}

interface Phrase {
  readonly ours: readonly string[];
  readonly ss: readonly string[];
}

/** Spellings that both know. */
const comparisons = { eq: ['=', '==', 'eq'], ne: ['!=', 'ne', 'neq'], lt: ['<', 'lt'], le: ['<=', 'le', 'leq'], gt: ['>', 'gt'], ge: ['>=', 'ge', 'geq'] } as const;
const services = { 53: 'domain', 80: 'http', 443: 'https' } as const;
const GLUE = /^[()!&|=<>]+$/;
/** The lowest bit of a mask stands for no state. */
const NO_STATE = 1;
/** Names that ss has no word for. */
const onlyOurs: ReadonlySet<string> = new Set(['listen', 'bound-inactive']);
const stateNames = Object.keys(stateGroups);

/** Random filters of the whole grammar: states and groups, exclude, and expressions up to four levels deep. */
export class FilterGenerator {
  readonly #random: Random;
  readonly #world: FilterWorld;

  constructor(random: Random, world: FilterWorld) {
    this.#random = random;
    this.#world = world;
  }

  next(): RandomFilter {
    const { ours, ss } = this.#states();
    const expression = ours.length === 0 || this.#random.chance(0.85) ? this.#or(3) : { ours: [], ss: [] };
    return { ours: this.#type([...ours, ...expression.ours]), ss: [...ss, ...expression.ss] };
  }

  /** `state A state B exclude C`; never one that selects nothing, for which ss falls back to its default states. */
  #states(): Phrase {
    const random = this.#random;
    if (random.chance(0.5)) return { ours: [], ss: [] };
    for (;;) {
      const wanted = Array.from({ length: random.between(0, 2) }, () => random.pick(stateNames));
      const excluded = Array.from({ length: random.between(wanted.length === 0 ? 1 : 0, 2) }, () => random.pick(stateNames)).filter((name) => !onlyOurs.has(name));
      const mask = (names: readonly string[]): number => names.reduce((bits, name) => bits | stateGroups[name]!, 0);
      const states = (wanted.length === 0 ? ALL_HASHED_STATES : mask(wanted)) & ~mask(excluded) & ALL_HASHED_STATES & ~NO_STATE;
      if (states === 0) continue;
      const inSs = wanted.flatMap((name) => (name === 'bound-inactive' ? [] : ['state', name === 'listen' ? 'listening' : name]));
      // ss would take a lone "exclude" for all states less these; here something was asked for that it has no word for.
      if (wanted.length > 0 && inSs.length === 0) continue;
      const spell = (name: string): string => (random.chance(0.2) ? name.toUpperCase() : name);
      const asked = wanted.length === 2 && random.chance(0.5) ? ['state', spell(wanted[0]!), ',', spell(wanted[1]!)] : wanted.flatMap((name) => ['state', spell(name)]);
      return { ours: [...asked, ...excluded.flatMap((name) => ['exclude', spell(name)])], ss: [...inSs, ...excluded.flatMap((name) => ['exclude', name])] };
    }
  }

  /**
   * ss 6.1 gives `and` and `or` the same rank and reads from left to right, although its manual page ranks `and`
   * higher (misc/ssfilter.y: `exprlist '|' expr`, `exprlist '&' expr`). So ss gets every pair in brackets.
   */
  #or(depth: number): Phrase {
    return this.#chain(depth, ['or', '|', '||'], () => this.#and(depth));
  }

  #and(depth: number): Phrase {
    return this.#chain(depth, ['and', '&', '&&', ''], () => this.#unary(depth));
  }

  #chain(depth: number, words: readonly string[], next: () => Phrase): Phrase {
    let left = next();
    if (depth === 0) return left;
    while (this.#random.chance(0.3)) {
      const right = next();
      const word = this.#random.pick(words);
      left = { ours: [...left.ours, ...(word === '' ? [] : [word]), ...right.ours], ss: ['(', ...left.ss, ')', ...(word === '' ? [] : [word]), '(', ...right.ss, ')'] };
    }
    return left;
  }

  #unary(depth: number): Phrase {
    if (this.#random.chance(0.15)) {
      const { ours, ss } = this.#unary(depth);
      return { ours: [this.#random.pick(['not', '!']), ...ours], ss: ['not', '(', ...ss, ')'] };
    }
    if (depth > 0 && this.#random.chance(0.3)) {
      const { ours, ss } = this.#or(depth - 1);
      return { ours: ['(', ...ours, ')'], ss: ['(', ...ss, ')'] };
    }
    return this.#leaf();
  }

  #leaf(): Phrase {
    const choice = this.#random.between(0, 99);
    if (choice < 40) return this.#port();
    if (choice < 75) return this.#host();
    if (choice < 82) return { ours: ['autobound'], ss: ['autobound'] };
    if (choice < 88) return this.#equality('dev', 'lo', 'lo');
    if (choice < 95 || this.#world.cgroups === undefined) return this.#mark();
    const { root, names } = this.#world.cgroups;
    const name = this.#random.pick(names);
    return this.#equality('cgroup', this.#random.pick([name, name.slice(1), root + name]), root + name);
  }

  #port(): Phrase {
    const random = this.#random;
    const side = random.pick(['sport', 'dport']);
    const comparison = random.pick(Object.keys(comparisons) as (keyof typeof comparisons)[]);
    const spelling = random.pick(comparisons[comparison]);
    const words = comparison === 'eq' && random.chance(0.3) ? [side] : [side, spelling];
    const low = this.#somePort();
    if (random.chance(0.8)) {
      return { ours: [...words, this.#portText(low)], ss: [...words, `:${low}`] };
    }
    const high = Math.min(65_535, low + random.between(0, 2000));
    const range = ['(', side, '>=', `:${low}`, 'and', side, '<=', `:${high}`, ')'];
    const inSs = {
      eq: range,
      ne: ['not', ...range],
      lt: [side, '<', `:${low}`],
      le: [side, '<=', `:${high}`],
      gt: [side, '>', `:${high}`],
      ge: [side, '>=', `:${low}`],
    }[comparison];
    return { ours: [...words, `${random.pick(['', ':'])}${low}-${high}`], ss: inSs };
  }

  #host(): Phrase {
    const random = this.#random;
    const side = random.pick(['src', 'dst']);
    const port = this.#somePort();
    // ss knows the names of the protocol that it shows, ours those of both.
    const [inOurs, inSs] = random.pick([['', ''], ['', ''], [':*', ':*'], [`:${this.#portText(port).replace(':', '')}`, `:${port}`]] as const);
    const { ours, ss } = random.pick([() => this.#ipv4(), () => this.#ipv4(), () => this.#ipv6(inOurs !== ''), () => this.#anyAddress(inOurs !== '')])();
    return this.#equality(side, ours + inOurs, ss + inSs, true);
  }

  #ipv4(): { ours: string; ss: string } {
    const random = this.#random;
    const address = random.pick(this.#world.ipv4);
    const [first, second] = address.split('.');
    const text = random.pick([address, address, `${address}/${random.between(0, 32)}`, `${first}/8`, `${first}.${second}/${random.between(9, 16)}`]);
    return { ours: text, ss: text };
  }

  /** ss wants brackets around an address, and none around a prefix. */
  #ipv6(hasPort: boolean): { ours: string; ss: string } {
    const random = this.#random;
    const address = random.chance(0.2) ? `::ffff:${random.pick(this.#world.ipv4)}` : random.pick(this.#world.ipv6);
    const bits = random.chance(0.5) ? '' : `/${random.between(0, 128)}`;
    return { ours: !hasPort && random.chance(0.5) ? address + bits : `[${address}]${bits}`, ss: bits === '' ? `[${address}]` : address + bits };
  }

  #anyAddress(hasPort: boolean): { ours: string; ss: string } {
    const text = hasPort ? this.#random.pick(['', '*']) : '*';
    return { ours: text, ss: text };
  }

  #mark(): Phrase {
    const random = this.#random;
    const spell = (value: number): string => (random.chance(0.5) ? String(value) : `0x${value.toString(16)}`);
    const mark = random.pick(this.#world.marks);
    const mask = random.pick([0xff, 0xf0, 0x11, 0xffff_ffff, 0]);
    const value = random.chance(0.5) ? spell(mark) : `${spell((mark & mask) >>> 0)}/${spell(mask)}`;
    return this.#equality('fwmark', value, value);
  }

  /** `word V`, `word = V`, `word != V`. @param lacksUnequal ss has no `!=` for it. */
  #equality(word: string, ours: string, ss: string, lacksUnequal = false): Phrase {
    const random = this.#random;
    if (random.chance(0.2)) return { ours: [word, random.pick(comparisons.ne), ours], ss: lacksUnequal ? ['not', word, ss] : [word, '!=', ss] };
    return random.chance(0.5) ? { ours: [word, ours], ss: [word, ss] } : { ours: [word, random.pick(comparisons.eq), ours], ss: [word, '=', ss] };
  }

  #somePort(): number {
    const random = this.#random;
    if (random.chance(0.1)) return random.pick([0, 1, 65_535]);
    return Math.max(0, Math.min(65_535, random.pick(this.#world.ports) + random.between(-1, 1)));
  }

  #portText(port: number): string {
    const name = services[port as keyof typeof services];
    return `${this.#random.pick(['', ':'])}${name !== undefined && this.#random.chance(0.5) ? name : port}`;
  }

  /** Joins tokens as a person types them: blanks beside brackets and operators are often left out. */
  #type(tokens: readonly string[]): string {
    let text = '';
    let previous = '';
    for (const token of tokens) {
      const mayTouch = (GLUE.test(token) || GLUE.test(previous) || token === ',' || previous === ',') && !(/[!=<>&|]$/.test(previous) && /^[!=<>&|]/.test(token));
      text += text === '' || (mayTouch && this.#random.chance(0.5)) ? token : ` ${token}`;
      previous = token;
    }
    return text;
  }
}
