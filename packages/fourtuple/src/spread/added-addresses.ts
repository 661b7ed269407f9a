import { readJournal, writeJournal, type JournalEntry, type RecordedDeed } from '../journal/index.ts';
import { addAddress, currentNamespaceInode, errnoCode, interfaceIndex, isAlive, probeAddress, processesOfCgroups, ProcFs, reasonOf, removeAddress } from '../kernel/index.ts';
import { Address } from '../model/index.ts';
import { SpreadError } from './errors.ts';

/** An address that a spread gave to an interface. */
export interface AddedAddress {
  readonly address: Address;
  readonly device: string;
  /** Process that added it. */
  readonly pid: number;
}

export interface Surroundings {
  /** Path of the journal. */
  readonly journal: string;
  now(this: void): Date;
  /** Resolves after the time. */
  sleep(this: void, ms: number): Promise<unknown>;
}

/** IPv6 looks for a second for another host that has the address. */
const SETTLE_MS = 5000;
const ADD = 'add-addresses';
const REMOVE = 'remove-addresses';

/** Of these addresses, those that connections cannot come from now. @returns with the errno's name */
export function missingAddresses(addresses: readonly Address[]): { readonly address: Address; readonly code: string }[] {
  return addresses.flatMap((address) => {
    const errno = probeAddress(address);
    return errno === 0 ? [] : [{ address, code: errnoCode(errno) }];
  });
}

/**
 * Gives those addresses that the host has not got to an interface, as /32 and /128, and waits until they can be used.
 * What is to be done is written down before it is done; when one cannot be added, none stays.
 * @throws SpreadError, JournalError, NoSuchInterfaceError
 */
export async function addMissingAddresses(addresses: readonly Address[], device: string, surroundings: Surroundings): Promise<AddedAddress[]> {
  const index = interfaceIndex(device);
  if (index === undefined) throw new SpreadError(`There is no interface "${device}" in this network namespace.`, '"ip link" lists those that there are.');
  const missing = missingAddresses(addresses).map(({ address }): AddedAddress => ({ address, device, pid: process.pid }));
  if (missing.length === 0) return [];
  const record = recorder(surroundings, ADD, device);
  record('begin', missing.map(({ address }) => ({ what: address.toString() })));
  const added: AddedAddress[] = [];
  try {
    for (const one of missing) if (addAddress(one.address, index)) added.push(one);
    await settle(missing.map(({ address }) => address), surroundings);
  } catch (error) {
    for (const { address } of added) removeAddress(address, index);
    record('end', missing.map(({ address }) => ({ what: address.toString(), outcome: 'failed' })));
    if (error instanceof SpreadError) throw error;
    throw new SpreadError(`The addresses cannot be added to ${device} (${reasonOf(error)}); none was.`, 'It takes CAP_NET_ADMIN, and an interface that takes addresses of this family.', { cause: error });
  }
  record('end', added.map(({ address }) => ({ what: address.toString(), outcome: 'done' })));
  return added;
}

async function settle(addresses: readonly Address[], { now, sleep }: Surroundings): Promise<void> {
  const began = now().getTime();
  for (let left = missingAddresses(addresses); left.length > 0; left = missingAddresses(left.map(({ address }) => address))) {
    if (now().getTime() - began > SETTLE_MS) throw new SpreadError(`${left[0]!.address.toString()} was added but cannot be used (${left[0]!.code}).`, 'Another host on the link may have it, or the interface is down.');
    await sleep(20);
  }
}

/** Takes the addresses away again. @returns those that could not be, with the reason */
export function removeAddresses(addresses: readonly AddedAddress[], surroundings: Pick<Surroundings, 'journal' | 'now'>): { readonly address: Address; readonly reason: string }[] {
  const failed: { address: Address; reason: string }[] = [];
  for (const [device, pid] of new Map(addresses.map((one) => [`${one.device} ${one.pid}`, [one.device, one.pid] as const])).values()) {
    const own = addresses.filter((one) => one.device === device && one.pid === pid);
    const record = recorder(surroundings, REMOVE, device, pid);
    record('begin', own.map(({ address }) => ({ what: address.toString() })));
    const index = interfaceIndex(device);
    const deeds = own.map(({ address }): RecordedDeed => {
      try {
        // An interface that is gone took them along.
        return { what: address.toString(), outcome: index !== undefined && removeAddress(address, index) ? 'done' : 'gone' };
      } catch (error) {
        failed.push({ address, reason: reasonOf(error) });
        return { what: address.toString(), outcome: 'failed' };
      }
    });
    record('end', deeds);
  }
  return failed;
}

/** Addresses of this network namespace that a spread added which is gone, with all that it ran, without taking them away. */
export function leftAddresses(journal: string): AddedAddress[] {
  const left = new Map<string, AddedAddress>();
  for (const { command, phase, namespace, deeds } of readJournal(journal)) {
    const [what, verb, device, pid, boot] = command;
    if (what !== 'spread' || phase !== 'end' || namespace !== currentNamespaceInode() || boot !== bootId() || device === undefined) continue;
    for (const { what: text, outcome } of deeds) {
      const address = Address.parse(text);
      const key = `${pid} ${device} ${text}`;
      if (verb === ADD && outcome === 'done' && address !== undefined) left.set(key, { address, device, pid: Number(pid) });
      if (verb === REMOVE && outcome !== 'failed') left.delete(key);
    }
  }
  return [...left.values()].filter(({ pid }) => !isAlive(pid) && processesOfCgroups(pid) === 0);
}

function recorder({ journal, now }: Pick<Surroundings, 'journal' | 'now'>, verb: string, device: string, pid = process.pid): (phase: JournalEntry['phase'], deeds: readonly RecordedDeed[]) => void {
  return (phase, deeds) => writeJournal(journal, { at: now().toISOString(), command: ['spread', verb, device, String(pid), bootId()], phase, namespace: currentNamespaceInode(), deeds });
}

function bootId(): string {
  return new ProcFs().read('sys/kernel/random/boot_id').trim();
}
