import type { ProcFs } from './procfs/files.ts';

export const CAP_NET_BIND_SERVICE = 10;

/** Whether this process has a capability in effect; undefined where /proc does not tell. */
export function hasCapability(proc: ProcFs, capability: number): boolean | undefined {
  const mask = /^CapEff:\s*([0-9a-f]+)/m.exec(proc.tryRead('self/status') ?? '')?.[1];
  return mask === undefined ? undefined : ((BigInt(`0x${mask}`) >> BigInt(capability)) & 1n) === 1n;
}
