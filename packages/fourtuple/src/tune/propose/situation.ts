import type { KeyState } from '../../knobs/index.ts';
import type { Counters, Settings } from '../../model/index.ts';
import type { NamespaceUsage } from '../../usage/index.ts';
import type { Service } from '../services/service.ts';

/** Everything that a proposal is drawn from, of one network namespace at one moment. */
export interface Situation {
  readonly settings: Settings;
  readonly counters: Counters;
  readonly usage: NamespaceUsage;
  /** Text of a knob as /proc/sys shows it here; undefined where it is not there. */
  readonly read: KeyState;
  readonly services: readonly Service[];
  /** The initial network namespace: settings of the whole host can be set. */
  readonly isHost: boolean;
  readonly isKubernetesNode: boolean;
}

/** A change that helps here. */
export interface Proposal {
  readonly key: string;
  /** As it reads now, and as it will. */
  readonly from: string;
  readonly to: string;
  /** Each a sentence. */
  readonly why: readonly string[];
  /** What becomes possible, each a sentence with its figures. */
  readonly gains: readonly string[];
  /** What it costs, a sentence. */
  readonly risk: string;
}

/** Ports of services that an outgoing connection may take while the service is down, after the changes. */
export interface StealablePort {
  readonly service: Service;
  /** True when the changes make it so. */
  readonly isNew: boolean;
}

export interface Advice {
  /** In the order in which they are to be made. */
  readonly changes: readonly Proposal[];
  readonly stealable: readonly StealablePort[];
  /** What a profile's name promises and the kernel does not hold, or what cannot be set here. */
  readonly notes: readonly string[];
}
