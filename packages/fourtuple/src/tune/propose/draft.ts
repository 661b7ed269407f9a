import { knobs, RANGE, RESERVED } from '../../knobs/index.ts';
import { grouped, plural, PortSet, rangeSize, type PortRange } from '../../model/index.ts';
import { timeWaitSeconds } from '../../plan/index.ts';
import type { Service } from '../services/service.ts';
import type { Advice, Proposal, Situation, StealablePort } from './situation.ts';

/** A number that is at least, or at most, so much. */
export interface NumberWish {
  readonly key: string;
  readonly value: number;
  readonly direction: 'at-least' | 'at-most' | 'exactly';
  readonly why: string;
  /** Given the ports that each destination has after all changes. */
  readonly gain: string | ((ports: number) => string);
  readonly risk: string;
}

/** Collects wishes, of rules and of a profile, and makes one change a key of them. A better value is never lowered. */
export class Draft {
  readonly #situation: Situation;
  readonly #numbers = new Map<string, NumberWish>();
  readonly #reserved = new Map<number, Service>();
  readonly #notes: string[] = [];
  #range: { range: PortRange; why: string } | undefined;

  constructor(situation: Situation) {
    this.#situation = situation;
  }

  /** True when no port is left that the kernel could choose. */
  get isExhausted(): boolean {
    const { localPortRange, reservedPorts } = this.#situation.settings;
    return usable(localPortRange, reservedPorts) === 0;
  }

  note(text: string): void {
    if (!this.#notes.includes(text)) this.#notes.push(text);
  }

  /** The first wish of a key stands unless a later one asks for more. */
  number(wish: NumberWish): void {
    const { read, isHost } = this.#situation;
    const text = read(wish.key);
    if (text === undefined) return this.note(`${wish.key} is not there${wish.key.startsWith('net.netfilter.') ? ': the module nf_conntrack is not loaded, or not for this namespace' : ''}.`);
    if (knobs.get(wish.key)?.scope === 'global' && !isHost) return this.note(`${wish.key} is of the whole host: it can be set in the initial network namespace alone.`);
    const now = Number.parseInt(text, 10);
    if (Number.isNaN(now) || isEnough(wish, now)) return;
    const before = this.#numbers.get(wish.key);
    if (before === undefined || !isEnough(wish, before.value)) this.#numbers.set(wish.key, wish);
  }

  /** Keeps the ports of a service for it. */
  reserve(service: Service): void {
    for (let port = service.low; port <= service.high; port++) if (!this.#reserved.has(port)) this.#reserved.set(port, service);
  }

  /** A range of more ports than there are now; the ports of services that it newly covers are reserved with it. */
  widen(range: PortRange, why: string): void {
    const now = this.#situation.settings.localPortRange;
    if (range.low > now.low || range.high < now.high || rangeSize(range) <= rangeSize(now) || this.#range !== undefined) return;
    if (now.low < UNPRIVILEGED) return this.note(`More ports are wanted, but the range begins at ${now.low}: a wider one would hand out ports of system services below ${UNPRIVILEGED}. Set net.ipv4.ip_local_port_range to '${UNPRIVILEGED} 65535' yourself.`);
    this.#range = { range, why };
    for (const service of this.#situation.services) {
      if (service.source === 'etc-services') continue;
      for (let port = Math.max(service.low, range.low); port <= Math.min(service.high, range.high); port++) {
        if ((port < now.low || port > now.high || service.source !== 'well-known') && !this.#reserved.has(port)) this.#reserved.set(port, service);
      }
    }
  }

  advice(): Advice {
    const { settings, read } = this.#situation;
    this.#dropWhatIsRefused();
    const range = this.#range?.range ?? settings.localPortRange;
    const added = [...this.#reserved.keys()].filter((port) => port >= range.low && port <= range.high && !settings.reservedPorts.has(port)).sort((one, other) => one - other);
    const reserved = settings.reservedPorts.clone().addAll(PortSet.of(added));
    const changes: Proposal[] = [];
    if (added.length > 0) changes.push(this.#reservation(added, reserved));
    if (this.#range !== undefined) changes.push(this.#widening(this.#range.why, range, reserved));
    for (const { key, value, why, gain, risk } of this.#numbers.values()) changes.push({ key, from: (read(key) ?? '').replaceAll('\t', ' '), to: String(value), why: [why], gains: [typeof gain === 'string' ? gain : gain(usable(range, reserved))], risk });
    return { changes, stealable: this.#stealable(range, reserved), notes: this.#notes };
  }

  /** A list that leaves no port, or that one write cannot say, is not proposed, and nor is the range that needs it. */
  #dropWhatIsRefused(): void {
    const { settings } = this.#situation;
    const range = this.#range?.range ?? settings.localPortRange;
    const reserved = settings.reservedPorts.clone().addAll(PortSet.of([...this.#reserved.keys()].filter((port) => port >= range.low && port <= range.high)));
    if (reserved.size > settings.reservedPorts.size && reserved.toString().length > LONGEST_LIST) {
      this.note(`The ports of services make a list of more than ${grouped(LONGEST_LIST)} characters, which sysctl cannot write: neither they nor a wider range are proposed. Reserve them as a few ranges.`);
      this.#drop();
    } else if (usable(range, reserved) === 0) {
      if (!this.isExhausted) this.note('Services have every port of the range: it is too narrow for outgoing connections beside them.');
      this.#drop();
    }
  }

  #drop(): void {
    this.#reserved.clear();
    this.#range = undefined;
  }

  #reservation(added: readonly number[], reserved: PortSet): Proposal {
    const { read, settings } = this.#situation;
    const { low, high } = settings.localPortRange;
    const of = (isWanted: (service: Service, port: number) => boolean): string => namesOf(added.filter((port) => isWanted(this.#reserved.get(port)!, port)).map((port) => ({ port, name: this.#reserved.get(port)!.name })));
    const isThere = ({ source }: Service): boolean => source !== 'well-known';
    const present = of(isThere);
    const others = of((service) => !isThere(service));
    const kept = settings.reservedPorts.size === 0 ? '' : ` ${plural(settings.reservedPorts.size, 'port')} that ${settings.reservedPorts.size === 1 ? 'is' : 'are'} reserved already ${settings.reservedPorts.size === 1 ? 'stays' : 'stay'} in the list.`;
    const taken = added.filter((port) => port >= low && port <= high).length;
    return {
      key: RESERVED,
      from: read(RESERVED) ?? '',
      to: reserved.toString(),
      why: [
        ...(present === '' ? [] : [`Services have ${present}: while one of them is down, an outgoing connection can take its port, and it cannot start.`]),
        ...(others === '' ? [] : [`Well-known software has ${others}: the wider range would cover them.`]),
      ],
      gains: [`bind() to these ports works as before; connect() and bind(address, 0) leave them alone.${kept}`],
      risk: taken === 0 ? 'None: these ports are not handed out today.' : `${plural(taken, 'port')} less for each destination.`,
    };
  }

  #widening(why: string, range: PortRange, reserved: PortSet): Proposal {
    const { settings, read } = this.#situation;
    const before = usable(settings.localPortRange, settings.reservedPorts);
    const after = usable(range, reserved);
    const seconds = timeWaitSeconds(250);
    return {
      key: RANGE,
      from: (read(RANGE) ?? '').replaceAll(/\s+/g, ' '),
      to: `${range.low} ${range.high}`,
      why: [why],
      gains: [
        `${grouped(after)} ports for each (source, destination, destination port) instead of ${grouped(before)}, at once, for connections that are there too.`,
        `Where this side closes first, about ${grouped(Math.floor(after / seconds))} connections a second to each destination instead of ${grouped(Math.floor(before / seconds))} (a TIME_WAIT of ${seconds} s each).`,
      ],
      risk: 'Firewalls may expect the old range. Containers have network namespaces of their own and do not get it.',
    };
  }

  #stealable(range: PortRange, reserved: PortSet): StealablePort[] {
    const now = this.#situation.settings;
    const isOpen = (port: number, within: PortRange, kept: PortSet): boolean => port >= within.low && port <= within.high && !kept.has(port);
    return this.#situation.services.flatMap((service) => {
      let isAny = false;
      let isNew = false;
      for (let port = service.low; port <= service.high; port++) {
        if (!isOpen(port, range, reserved)) continue;
        isAny = true;
        isNew ||= !isOpen(port, now.localPortRange, now.reservedPorts);
      }
      return isAny ? [{ service, isNew }] : [];
    }).sort((one, other) => one.service.low - other.service.low);
  }
}

function isEnough({ direction, value }: NumberWish, now: number): boolean {
  if (direction === 'exactly') return now === value;
  // Negative limits are none at all.
  if (direction === 'at-least') return now >= value || now < 0;
  return now <= value && now > 0;
}

function usable({ low, high }: PortRange, reserved: PortSet): number {
  let count = 0;
  for (let port = low; port <= high; port++) if (!reserved.has(port)) count++;
  return count;
}

const SHOWN = 6;

const UNPRIVILEGED = 1024;

/** What the kernel takes of one write(2), less the newline. */
const LONGEST_LIST = 4094;

/** `3306 (mariadbd/812), 8080 (node/90) and 3 more` */
function namesOf(ports: readonly { readonly port: number; readonly name: string }[]): string {
  const names: string[] = [];
  for (let index = 0; index < ports.length; ) {
    let end = index;
    while (end + 1 < ports.length && ports[end + 1]!.port === ports[end]!.port + 1 && ports[end + 1]!.name === ports[index]!.name) end++;
    names.push(`${ports[index]!.port}${end === index ? '' : `-${ports[end]!.port}`} (${ports[index]!.name})`);
    index = end + 1;
  }
  if (names.length > SHOWN) return `${names.slice(0, SHOWN).join(', ')} and ${names.length - SHOWN} more`;
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)!}`;
}
