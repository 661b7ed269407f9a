import { readSettings } from '../kernel/procfs/settings.ts';
import { ProcFs } from '../kernel/procfs/files.ts';
import { PortSet, usableCount, usablePorts, type PortRange, type Settings } from '../model/index.ts';

/** How long what was read is believed, in milliseconds. */
const BELIEVED_MS = 5000;
/** TCP_TIMEWAIT_LEN of the kernel, which no sysctl changes. */
const TIME_WAIT_MS = 60_000;

/** The settings of this process's network namespace that decide about its ports: read when they are needed, and again after a while. */
export class PortSettings {
  readonly #range: PortRange | undefined;
  readonly #now: () => number;
  #read = Number.NEGATIVE_INFINITY;
  #settings: Settings | undefined;
  #capacity = 0;
  #assumption: string | undefined;

  /** @param range of the connector's own */
  constructor(range: PortRange | undefined, now: () => number) {
    this.#range = range;
    this.#now = now;
  }

  get current(): Settings {
    const now = this.#now();
    if (this.#settings === undefined || now - this.#read > BELIEVED_MS) {
      this.#read = now;
      const { settings, limits } = readSettings(new ProcFs(), { portsOnly: true });
      // Without a descriptor to read them by, those that were read before are the better guess.
      if (limits.length > 0 && this.#settings !== undefined) return this.#settings;
      [this.#assumption] = limits;
      const own = this.#range;
      const { low, high } = settings.localPortRange;
      // As inet_sk_get_local_port_range() has it: of a bound that is outside, that of the namespace.
      const range = own === undefined ? settings.localPortRange : { low: own.low >= low && own.low <= high ? own.low : low, high: own.high >= low && own.high <= high ? own.high : high };
      this.#settings = { ...settings, localPortRange: range };
      this.#capacity = usableCount(this.#settings, usablePorts(this.#settings, new PortSet()));
    }
    return this.#settings;
  }

  /** Why the range of ports could not be read, and its default is assumed; undefined when it was read. */
  get assumption(): string | undefined {
    void this.current;
    return this.#assumption;
  }

  /** Ports that the kernel may choose for a tuple. */
  get capacity(): number {
    void this.current;
    return this.#capacity;
  }

  /** How long a TIME_WAIT keeps connect() off its port, in milliseconds. @param isLoopback of the destination */
  timeWaitMs(isLoopback: boolean): number {
    const { tcpTwReuse, tcpTimestamps, tcpTwReuseDelayMs } = this.current;
    return tcpTimestamps && (tcpTwReuse === 1 || (tcpTwReuse === 2 && isLoopback)) ? tcpTwReuseDelayMs : TIME_WAIT_MS;
  }
}
