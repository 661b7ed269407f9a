import { Address, stateGroups } from '../model/index.ts';
import type { Expression, HostCondition, SocketFilter } from './expression.ts';
import { nearest } from '../model/suggest.ts';
import { FilterSyntaxError, tokenize } from './tokens.ts';

/** Names that only the host can resolve. Each returns undefined for a name that is not there. */
export interface NameResolver {
  /** Port of a service, as /etc/services has it. */
  service(name: string): number | undefined;
  /** Interface index. */
  device(name: string): number | undefined;
  /** cgroup v2 id of a path. */
  cgroup(path: string): number | undefined;
}

/** Deeper than anybody writes, and far from the end of the stack. */
const MAX_DEPTH = 200;
const MAX_CONDITIONS = 1000;

type Comparison = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge';

const comparisons: Readonly<Record<string, Comparison>> = {
  '=': 'eq',
  '==': 'eq',
  eq: 'eq',
  '!=': 'ne',
  ne: 'ne',
  neq: 'ne',
  '>': 'gt',
  gt: 'gt',
  '>=': 'ge',
  ge: 'ge',
  geq: 'ge',
  '<': 'lt',
  lt: 'lt',
  '<=': 'le',
  le: 'le',
  leq: 'le',
};

const PREDICATES = ['sport', 'dport', 'src', 'dst', 'autobound', 'dev', 'fwmark', 'cgroup', 'state', 'exclude', 'not', 'and', 'or'];

/**
 * Parses ss's filter language: `state …`, `exclude …`, then an expression of sport, dport, src, dst, autobound, dev,
 * fwmark, cgroup with `not ! and & && or | ||`, brackets, and an implied `and` between neighbours.
 * @throws FilterSyntaxError
 */
export function parseFilter(text: string, names: NameResolver): SocketFilter {
  return new Parser(tokenize(text), names).filter();
}

class Parser {
  readonly #tokens: readonly string[];
  readonly #names: NameResolver;
  #at = 0;
  #depth = 0;
  #conditions = 0;

  constructor(tokens: readonly string[], names: NameResolver) {
    this.#tokens = tokens;
    this.#names = names;
  }

  filter(): SocketFilter {
    const all = stateGroups['all']!;
    let states: number | undefined;
    // Read from the left, as ss does: the first word decides whether one begins with none or with all.
    for (;;) {
      if (this.#accept('state')) states = (states ?? 0) | this.#states();
      else if (this.#accept('exclude', 'excl')) states = (states ?? all) & ~this.#states();
      else break;
    }
    // `state time-wait and sport = :80` is what people write; ss wants the `and` left out.
    if (states !== undefined) this.#accept('and', '&', '&&');
    const expression = this.#peek() === undefined ? undefined : this.#or();
    if (this.#peek() !== undefined) throw new FilterSyntaxError(`"${this.#peek()!}" is not expected in the filter at this place`);
    return { states: states ?? all, expression };
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at];
  }

  #next(expected: string): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new FilterSyntaxError(`the filter ends where ${expected} is expected`);
    return token;
  }

  #states(): number {
    let mask = 0;
    do {
      const name = this.#next('the name of a state').toLowerCase();
      if (!Object.hasOwn(stateGroups, name)) throw new FilterSyntaxError(`"${name}" is no state${nearest(name, Object.keys(stateGroups))}`);
      mask |= stateGroups[name]!;
    } while (this.#peek() === ',' && this.#at++ >= 0);
    return mask;
  }

  #or(): Expression {
    let left = this.#and();
    while (this.#accept('or', '|', '||')) left = { kind: 'or', left, right: this.#and() };
    return left;
  }

  #and(): Expression {
    let left = this.#unary();
    for (;;) {
      const isExplicit = this.#accept('and', '&', '&&');
      const next = this.#peek();
      if (!isExplicit && (next === undefined || next === ')' || next === 'or' || next === '|' || next === '||')) return left;
      left = { kind: 'and', left, right: this.#unary() };
    }
  }

  #unary(): Expression {
    if (++this.#depth > MAX_DEPTH) throw new FilterSyntaxError(`the filter is nested more than ${MAX_DEPTH} deep`);
    try {
      return this.#operand();
    } finally {
      this.#depth--;
    }
  }

  #operand(): Expression {
    if (this.#accept('not', '!')) return { kind: 'not', operand: this.#unary() };
    if (this.#accept('(')) {
      const inner = this.#or();
      if (!this.#accept(')')) throw new FilterSyntaxError('a "(" without ")" in the filter');
      return inner;
    }
    return this.#predicate();
  }

  #predicate(): Expression {
    // A chain of conditions is a tree as deep as it is long.
    if (++this.#conditions > MAX_CONDITIONS) throw new FilterSyntaxError(`the filter has more than ${MAX_CONDITIONS} conditions`);
    const word = this.#next('a condition');
    switch (word) {
      case 'sport':
        return this.#port('source');
      case 'dport':
        return this.#port('destination');
      case 'src':
        return this.#compared((value) => this.#host('source', value));
      case 'dst':
        return this.#compared((value) => this.#host('destination', value));
      case 'autobound':
        return { kind: 'autobound' };
      case 'dev':
        return this.#compared((value) => ({ kind: 'device', index: this.#deviceIndex(value) }));
      case 'fwmark':
        return this.#compared(parseMark);
      case 'cgroup':
        return this.#compared((value) => ({ kind: 'cgroup', id: this.#named('cgroup', value, this.#names.cgroup(value)) }));
      default:
        throw new FilterSyntaxError(`"${word}" is no condition of the filter language${nearest(word, PREDICATES)}`);
    }
  }

  /** A predicate that knows equality alone. */
  #compared(make: (value: string) => Expression): Expression {
    const token = this.#next('a value');
    const comparison = Object.hasOwn(comparisons, token) ? comparisons[token]! : undefined;
    if (comparison === undefined) return make(token);
    if (comparison !== 'eq' && comparison !== 'ne') throw new FilterSyntaxError(`"${token}" compares ports alone: here stand "=" or "!="`);
    const condition = make(this.#next('a value'));
    return comparison === 'ne' ? { kind: 'not', operand: condition } : condition;
  }

  #port(side: 'source' | 'destination'): Expression {
    const token = this.#next('a comparison or a port');
    const comparison = Object.hasOwn(comparisons, token) ? comparisons[token]! : 'eq';
    const value = Object.hasOwn(comparisons, token) ? this.#next('a port') : token;
    const family = /^(inet6?):(.*)$/.exec(value);
    if (family !== null) {
      if (comparison !== 'eq' && comparison !== 'ne') throw new FilterSyntaxError(`a port of one family is compared by "=" or "!=" alone`);
      const condition = ofFamily({ kind: 'host', side, block: wholeFamily(family[1]!), port: this.#optionalPort(family[2]) });
      return comparison === 'ne' ? { kind: 'not', operand: condition } : condition;
    }
    const [low, high] = value === ':*' || value === '*' ? [0, 65535] : this.#portRange(value);
    const range = (from: number, to: number): Expression => ({ kind: 'port', side, low: from, high: to });
    switch (comparison) {
      case 'eq':
        return range(low, high);
      case 'ne':
        return { kind: 'not', operand: range(low, high) };
      case 'gt':
        return range(high + 1, 65535);
      case 'ge':
        return range(low, 65535);
      case 'lt':
        return range(0, low - 1);
      case 'le':
        return range(0, high);
    }
  }

  /** `22`, `:22`, `:ssh`, `:8000-8010`. */
  #portRange(value: string): [number, number] {
    const text = value.startsWith(':') ? value.slice(1) : value;
    const range = /^(\d{1,5})-(\d{1,5})$/.exec(text);
    if (range === null) {
      const port = this.#portNumber(text);
      return [port, port];
    }
    const low = this.#portNumber(range[1]!);
    const high = this.#portNumber(range[2]!);
    if (low > high) throw new FilterSyntaxError(`the range of ports ${text} is empty: its low end is above its high end`);
    return [low, high];
  }

  #portNumber(text: string): number {
    // ss reads a leading zero as octal; nobody means that.
    if (/^0\d+$/.test(text)) throw new FilterSyntaxError(`a port is a decimal number without leading zeros, not ${text}`);
    if (/^\d+$/.test(text)) {
      if (Number(text) > 65535) throw new FilterSyntaxError(`a port is a number from 0 to 65535, not ${text}`);
      return Number(text);
    }
    const port = this.#names.service(text);
    if (port === undefined) throw new FilterSyntaxError(`"${text}" is neither a port nor a service that /etc/services knows`);
    return port;
  }

  /** `10.0.0.1`, `10/8`, `10.0.0.1:80`, `[2001:db8::1]:443`, `2001:db8::/32`, `*:80`, `:80`. */
  #host(side: 'source' | 'destination', text: string): Expression {
    const family = /^(inet6?):(.*)$/.exec(text);
    if (family === null) return this.#hostOfAnyFamily(side, text);
    const value = family[2]!;
    const block = wholeFamily(family[1]!);
    if (value === '' || value === '*') return ofFamily({ kind: 'host', side, block, port: undefined });
    const condition = this.#hostOfAnyFamily(side, value);
    if (condition.block !== undefined && condition.block.family !== block.family) throw new FilterSyntaxError(`"${value}" is not of the family ${family[1]!}`);
    return ofFamily({ ...condition, block: condition.block ?? block });
  }

  #hostOfAnyFamily(side: 'source' | 'destination', value: string): HostCondition {
    const bracketed = /^\[([^\]]+)\](\/\d+)?(?::(.+))?$/.exec(value);
    if (bracketed !== null) return { kind: 'host', side, block: blockOf(`${bracketed[1]!}${bracketed[2] ?? ''}`), port: this.#optionalPort(bracketed[3]) };
    const colon = value.indexOf(':');
    if (colon >= 0 && colon === value.lastIndexOf(':')) {
      const host = value.slice(0, colon);
      return { kind: 'host', side, block: host === '' || host === '*' ? undefined : blockOf(host), port: this.#optionalPort(value.slice(colon + 1)) };
    }
    return { kind: 'host', side, block: value === '*' ? undefined : blockOf(value), port: undefined };
  }

  #optionalPort(text: string | undefined): number | undefined {
    return text === undefined || text === '*' || text === '' ? undefined : this.#portNumber(text);
  }

  /** A name, or an index as ss takes it too. */
  #deviceIndex(value: string): number {
    const byName = this.#names.device(value);
    if (byName === undefined && /^\d{1,9}$/.test(value)) return Number(value);
    return this.#named('interface', value, byName);
  }

  #named(what: string, name: string, found: number | undefined): number {
    if (found === undefined) throw new FilterSyntaxError(`there is no ${what} "${name}" here`);
    return found;
  }

  #accept(...words: readonly string[]): boolean {
    const token = this.#peek();
    if (token === undefined || !words.includes(token)) return false;
    this.#at++;
    return true;
  }
}

function wholeFamily(name: string): NonNullable<HostCondition['block']> {
  return name === 'inet' ? { family: 'ipv4', address: Address.anyIpv4, bits: 0 } : { family: 'ipv6', address: Address.anyIpv6, bits: 0 };
}

/** IPv4 inside AF_INET6 sockets. */
const mapped = { family: 'ipv6', address: Address.anyIpv4, bits: 96 } as const;

/** `inet:` asks for sockets of AF_INET; a condition on an IPv4 address alone also takes mapped ones of AF_INET6. */
function ofFamily(condition: HostCondition): Expression {
  if (condition.block?.family !== 'ipv4') return condition;
  return { kind: 'and', left: condition, right: { kind: 'not', operand: { kind: 'host', side: condition.side, block: mapped, port: undefined } } };
}

function blockOf(text: string): NonNullable<HostCondition['block']> {
  const slash = text.indexOf('/');
  const host = slash < 0 ? text : text.slice(0, slash);
  const family = host.includes(':') ? 'ipv6' : 'ipv4';
  const widest = family === 'ipv6' ? 128 : 32;
  // "10/8" is short for 10.0.0.0/8, and means so only with a prefix length.
  const padded = family === 'ipv4' && slash >= 0 && /^\d{1,3}(\.\d{1,3}){0,2}$/.test(host) ? [...host.split('.'), '0', '0', '0'].slice(0, 4).join('.') : host;
  const address = Address.parse(padded);
  const bitsText = slash < 0 ? String(widest) : text.slice(slash + 1);
  if (address === undefined) throw new FilterSyntaxError(`"${host}" is not an address (names are not looked up: a filter must mean the same tomorrow)`);
  if (!/^\d{1,3}$/.test(bitsText) || Number(bitsText) > widest) throw new FilterSyntaxError(`a prefix length of ${host} is a number from 0 to ${widest}, not "${bitsText}"`);
  return { family, address, bits: Number(bitsText) };
}

function parseMark(value: string): Expression {
  const [markText, maskText, ...rest] = value.split('/');
  if (rest.length > 0) throw new FilterSyntaxError(`a mark has one mask, not "${value}"`);
  const mark = number32(markText);
  const mask = maskText === undefined ? 0xffffffff : number32(maskText);
  if (mark === undefined || mask === undefined) throw new FilterSyntaxError(`a mark is a number such as 1, 0x10 or 0x10/0xff, not "${value}"`);
  return { kind: 'mark', mark, mask };
}

function number32(text: string | undefined): number | undefined {
  if (text === undefined || !/^(0x[0-9a-f]{1,8}|0|[1-9]\d{0,9})$/i.test(text)) return undefined;
  const value = Number(text);
  return value <= 0xffffffff ? value : undefined;
}
