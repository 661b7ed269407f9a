import { warningChannel } from './channels.ts';

/** Use of a tuple's ports at which a warning is due, and below which it may come again. */
const levels = {
  /** Above half of the ports connect() searches through half of the range each time, unless it goes port by port. */
  cliff: { at: 0.5, again: 0.4 },
  'nearly-exhausted': { at: 0.8, again: 0.7 },
} as const;

/** Something that will soon hurt: the ports of a tuple run short. */
export interface PortWarning {
  readonly kind: keyof typeof levels;
  /** `*` where the kernel chooses. */
  readonly source: string;
  readonly destination: string;
  readonly destinationPort: number;
  /** Ports that this process has in use, those in TIME_WAIT among them. */
  readonly used: number;
  readonly capacity: number;
  readonly message: string;
}

/** Whether this process has warned on its standard error. */
let hasEmitted = false;

/** Tells, once a tuple and level, when the ports that this process has in use become many of those that there are. */
export class PortWarnings {
  readonly #told = new Set<string>();
  readonly #onWarning: ((warning: PortWarning) => void) | undefined;
  readonly #hasCliff: boolean;

  /** @param hasCliff whether connect() becomes expensive at half of the ports */
  constructor(hasCliff: boolean, onWarning: ((warning: PortWarning) => void) | undefined) {
    this.#hasCliff = hasCliff;
    this.#onWarning = onWarning;
  }

  look(source: string, destination: string, destinationPort: number, used: number, capacity: number): void {
    // Most are far away from any, and none is to be forgotten.
    if (used < capacity * levels.cliff.at && this.#told.size === 0) return;
    for (const kind of this.#hasCliff ? (['cliff', 'nearly-exhausted'] as const) : (['nearly-exhausted'] as const)) {
      const key = `${kind} ${source} ${destination} ${destinationPort}`;
      if (used < capacity * levels[kind].again) this.#told.delete(key);
      if (used < capacity * levels[kind].at || this.#told.has(key)) continue;
      this.#told.add(key);
      this.#tell({ kind, source, destination, destinationPort, used, capacity, message: messageOf(kind, source, destination, destinationPort, used, capacity) });
    }
  }

  /** A tuple of which nothing is in use may be warned of again. */
  forget(source: string, destination: string, destinationPort: number): void {
    if (this.#told.size === 0) return;
    for (const kind of Object.keys(levels)) this.#told.delete(`${kind} ${source} ${destination} ${destinationPort}`);
  }

  #tell(warning: PortWarning): void {
    warningChannel.publish(warning);
    this.#onWarning?.(warning);
    if (this.#onWarning !== undefined || hasEmitted) return;
    // One line in the log is enough: the channel and the statistics have the rest.
    hasEmitted = true;
    process.emitWarning(warning.message, { type: 'FourtupleWarning', code: warning.kind === 'cliff' ? 'FOURTUPLE_CLIFF' : 'FOURTUPLE_NEARLY_EXHAUSTED' });
  }
}

function messageOf(kind: PortWarning['kind'], source: string, destination: string, port: number, used: number, capacity: number): string {
  const from = source === '*' ? '' : ` from ${source}`;
  const to = destination.includes(':') ? `[${destination}]` : destination;
  const share = `${used.toLocaleString('en')} of the ${capacity.toLocaleString('en')} ports${from} to ${to}:${port} are in use by this process`;
  return kind === 'cliff'
    ? `${share}: above half of them every connect() costs 10 to 100 times more`
    : `${share}: when none is left, connect() fails by EADDRNOTAVAIL. Reuse connections, or give more source addresses`;
}
