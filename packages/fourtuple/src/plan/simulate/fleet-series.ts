import { blockLength, blocksOf, fleetFields, type Block, type FleetField } from './fleet-blocks.ts';
import { hostGroups } from './host-weights.ts';
import { tupleCount, type FleetSpec } from './fleet-spec.ts';

/** What became of one service over the whole run. */
export interface ServiceSummary {
  readonly name: string;
  /** Connections asked for, and lost at their hosts and at NATs. */
  readonly offered: number;
  readonly lostAtHost: number;
  readonly lostAtNat: number;
  readonly loss: number;
  /** Ports in use on all hosts, in the step where they are most; and that step, from 0 on. */
  readonly peakUsed: number;
  readonly peakStep: number;
  /** The step with the highest share of losses, and that share. */
  readonly worstStep: number;
  readonly worstStepLoss: number;
  /** The busiest host of the class, by its number from 0 on, and the most ports and the highest loss it had. */
  readonly worstHost: number;
  readonly worstUsed: number;
  readonly worstLoss: number;
}

/** The results of a fleet, filled block by block. */
export class FleetSeries {
  readonly spec: FleetSpec;
  readonly blocks: readonly Block[];
  readonly #data: Float64Array;
  readonly #isDone: Uint8Array;
  #done = 0;

  constructor(spec: FleetSpec) {
    this.spec = spec;
    this.blocks = blocksOf(spec);
    this.#data = new Float64Array(spec.steps * spec.services.length * fleetFields.length);
    this.#isDone = new Uint8Array(this.blocks.length);
  }

  /** @throws RangeError for a block that is none, or of another length. */
  put(index: number, numbers: Float64Array): void {
    const block = this.blocks[index];
    const services = this.spec.services.length;
    if (block === undefined || numbers.length !== blockLength(block, services)) throw new RangeError(`block ${index} with ${numbers.length} numbers is none of this run`);
    this.#data.set(numbers, block.first * services * fleetFields.length);
    if (this.#isDone[index] === 1) return;
    this.#isDone[index] = 1;
    this.#done++;
  }

  has(index: number): boolean {
    return this.#isDone[index] === 1;
  }

  get doneBlocks(): number {
    return this.#done;
  }

  get isComplete(): boolean {
    return this.#done === this.blocks.length;
  }

  value(field: FleetField, service: number, step: number): number {
    return this.#data[(step * this.spec.services.length + service) * fleetFields.length + fleetFields.indexOf(field)]!;
  }

  summaries(): ServiceSummary[] {
    const worstHosts = new Map(this.spec.hosts.map((hosts, index) => {
      const groups = hostGroups(hosts, this.spec.seed, index);
      return [hosts.name, groups.reduce((best, group) => (group.weights[0]! > best.weights[0]! ? group : best), groups[0]!).busiest];
    }));
    return this.spec.services.map(({ name, hosts }, service) => {
      let [offered, lostAtHost, lostAtNat, peakUsed, peakStep, worstStep, worstStepLoss, worstUsed, worstLoss] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
      for (let step = 0; step < this.spec.steps; step++) {
        const asked = this.value('offered', service, step);
        const atHost = this.value('lostAtHost', service, step);
        const atNat = this.value('lostAtNat', service, step);
        const used = this.value('used', service, step);
        offered += asked;
        lostAtHost += atHost;
        lostAtNat += atNat;
        if (used > peakUsed) [peakUsed, peakStep] = [used, step];
        if (asked > 0 && (atHost + atNat) / asked > worstStepLoss) [worstStepLoss, worstStep] = [(atHost + atNat) / asked, step];
        worstUsed = Math.max(worstUsed, this.value('worstUsed', service, step));
        worstLoss = Math.max(worstLoss, this.value('worstLoss', service, step));
      }
      return { name, offered, lostAtHost, lostAtNat, loss: offered > 0 ? (lostAtHost + lostAtNat) / offered : 0, peakUsed, peakStep, worstStep, worstStepLoss, worstHost: worstHosts.get(hosts)!, worstUsed, worstLoss };
    });
  }

  /** Tuples of the fleet, and the most ports that all of them use at once. */
  totals(): { readonly tuples: number; readonly offered: number; readonly lost: number; readonly peakUsed: number } {
    let [offered, lost, peakUsed] = [0, 0, 0];
    for (let step = 0; step < this.spec.steps; step++) {
      let used = 0;
      for (let service = 0; service < this.spec.services.length; service++) {
        offered += this.value('offered', service, step);
        lost += this.value('lostAtHost', service, step) + this.value('lostAtNat', service, step);
        used += this.value('used', service, step);
      }
      peakUsed = Math.max(peakUsed, used);
    }
    return { tuples: tupleCount(this.spec), offered, lost, peakUsed };
  }
}

/** Simulates a fleet in this thread. */
export function simulateFleet(spec: FleetSpec, simulation: { runBlock(index: number): Float64Array }): FleetSeries {
  const series = new FleetSeries(spec);
  series.blocks.forEach((_, index) => series.put(index, simulation.runBlock(index)));
  return series;
}
