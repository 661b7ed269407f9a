import { acceptQueueOverflow } from './findings/accept-queue-overflow.ts';
import { bindPoolExhausted } from './findings/bind-pool-exhausted.ts';
import { bindPoolNearlyExhausted } from './findings/bind-pool-nearly-exhausted.ts';
import { connectCliff } from './findings/connect-cliff.ts';
import { connectsWithoutPort } from './findings/connects-without-port.ts';
import { conntrackDrops } from './findings/conntrack-drops.ts';
import { conntrackNearlyFull } from './findings/conntrack-nearly-full.ts';
import { fileDescriptorsNearlyFull } from './findings/file-descriptors-nearly-full.ts';
import { finTimeoutTrap } from './findings/fin-timeout-trap.ts';
import { portsPoisoned } from './findings/ports-poisoned.ts';
import { rangeParity } from './findings/range-parity.ts';
import { servicePortHeld } from './findings/service-port-held.ts';
import { servicePortInRange } from './findings/service-port-in-range.ts';
import { snatExhausted } from './findings/snat-exhausted.ts';
import { sysctlNotInherited } from './findings/sysctl-not-inherited.ts';
import { timeWaitOverflow } from './findings/time-wait-overflow.ts';
import { tupleExhausted } from './findings/tuple-exhausted.ts';
import { tupleNearlyExhausted } from './findings/tuple-nearly-exhausted.ts';
import { twRecycleOn } from './findings/tw-recycle-on.ts';
import { twReuseOff } from './findings/tw-reuse-off.ts';
import type { Rule } from './finding.ts';

/** Every rule, the gravest matters first. */
export const rules: readonly Rule[] = [
  connectsWithoutPort,
  tupleExhausted,
  tupleNearlyExhausted,
  bindPoolExhausted,
  bindPoolNearlyExhausted,
  portsPoisoned,
  connectCliff,
  twReuseOff,
  conntrackNearlyFull,
  snatExhausted,
  conntrackDrops,
  fileDescriptorsNearlyFull,
  timeWaitOverflow,
  acceptQueueOverflow,
  servicePortInRange,
  servicePortHeld,
  rangeParity,
  sysctlNotInherited,
  finTimeoutTrap,
  twRecycleOn,
];
