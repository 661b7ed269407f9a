import { closingSeconds } from '../hold.ts';
import { blockLength, blocksOf, fleetFields, type Block } from './fleet-blocks.ts';
import type { FleetService, FleetSpec } from './fleet-spec.ts';
import { longestSpike, OVERLOAD, playSpike, spikeReach, spikeSpans, type SpikeLoss, type SpikeSpan } from './hard-cap.ts';
import { countAbove, hostGroups, type HostGroup } from './host-weights.ts';
import { LossTables, type LossTable } from './loss-table.ts';
import { kindsOf, natHoldSeconds, NatStage, type DestinationKind, type NatLoad } from './nat-stage.ts';
import { QUARTERS, trajectoryOf, type Clock, type Flow, type Trajectory } from './trajectory.ts';

/** The hosts of one zone with one service. */
interface Member {
  readonly group: HostGroup;
  readonly flow: Flow;
  readonly trajectory: Trajectory;
  /** The load that a NAT sees: with its own hold. */
  readonly natTrajectory: Trajectory | undefined;
}

interface ServiceState {
  readonly service: FleetService;
  readonly kinds: readonly DestinationKind[];
  readonly table: LossTable;
  readonly members: readonly Member[];
  readonly nat: NatStage | undefined;
}

/** What one zone's hosts lose and use in one step, of one kind of destination: sums over the hosts. */
interface Sums {
  lost: number;
  used: number;
  worstUsed: number;
  worstLoss: number;
}

/** Hosts that have a spike, per step of a block: what was played stands for what the formula says. */
interface Spikes {
  /** Loads of these hosts to the destination, over that of the flow. */
  readonly weights: readonly number[][];
  readonly lost: Float64Array;
  readonly used: Float64Array;
  /** Of the busiest host, where it has a spike; NaN elsewhere. */
  readonly worstUsed: Float64Array;
  readonly worstLoss: Float64Array;
}

/** Quarters that differ by less than this are taken as one. */
const FLAT = 0.01;
const ROUNDS = 5;
const SETTLED = 1e-9;

/**
 * A fleet, step by step and without single connections: the load of every host as if ports had no end, and from it the loss
 * by Erlang's and Hayward's formulas (modified offered load; D. L. Jagerman, 1975); a hard cap for the hosts that a spike
 * drives over their capacity for a short while; and a fixed point with what NATs lose (F. P. Kelly, 1986).
 *
 * All of it is a function of the description and its seed, block by block: blocks can be computed in any order and anywhere.
 */
export class FleetSimulation {
  readonly spec: FleetSpec;
  readonly blocks: readonly Block[];
  /** Loads of one tuple in one step that a run evaluates; equal destinations of a service count once. */
  readonly tupleSteps: number;
  readonly #clock: Clock;
  readonly #services: readonly ServiceState[];
  readonly #nats: readonly (readonly number[])[];

  constructor(spec: FleetSpec) {
    this.spec = spec;
    this.blocks = blocksOf(spec);
    this.#clock = { steps: spec.steps, stepSeconds: spec.stepSeconds, startSeconds: spec.startHour * 3600 };
    const tables = new LossTables();
    const stages = new Map(spec.nats.map((nat) => [nat.name, { nat, stage: new NatStage(nat, tables) }]));
    const groups = new Map(spec.hosts.map((hosts, index) => [hosts.name, hostGroups(hosts, spec.seed, index)]));
    this.#services = spec.services.map((service) => {
      const hosts = spec.hosts.find(({ name }) => name === service.hosts)!;
      const behind = hosts.nat === undefined ? undefined : stages.get(hosts.nat);
      const members = groups.get(hosts.name)!.map((group): Member => {
        const flow = flowOf(service, group.zoneHours);
        const natFlow = behind === undefined ? undefined : { ...flow, closingSeconds: natHoldSeconds(behind.nat, service.closing), closingShare: 1 };
        return { group, flow, trajectory: trajectoryOf(flow, this.#clock), natTrajectory: natFlow && trajectoryOf(natFlow, this.#clock) };
      });
      return { service, kinds: kindsOf(service.destinations), table: tables.of(service.policy, service.sourceAddresses, service.ports, service.peakedness), members, nat: behind?.stage };
    });
    this.#nats = [...stages.values()].map(({ stage }) => this.#services.flatMap((state, index) => (state.nat === stage ? [index] : []))).filter((members) => members.length > 0);
    this.tupleSteps = spec.steps * this.#services.reduce((sum, { members, kinds }) => sum + kinds.length * members.reduce((hosts, { group }) => hosts + group.weights.length, 0), 0);
  }

  /** Computes one block. @returns its numbers: by step, service and {@link fleetFields}. */
  runBlock(index: number): Float64Array {
    const block = this.blocks[index];
    if (block === undefined) throw new RangeError(`there are ${this.blocks.length} blocks, and none with number ${index}`);
    const services = this.#services.length;
    const result = new Float64Array(blockLength(block, services));
    const spikes = this.#services.map((state) => state.members.map((member) => this.#spikes(state, member, block)));
    const pass = new Float64Array(services).fill(1);
    const losses = new Float64Array(services);
    const write = (service: number, step: number): void => {
      losses[service] = this.#writeStep(service, spikes[service]!, block, step, pass[service]!, result.subarray(((step - block.first) * services + service) * fleetFields.length));
    };
    for (let step = block.first; step < block.last; step++) {
      pass.fill(1);
      for (let service = 0; service < services; service++) write(service, step);
      for (const members of this.#nats) this.#settle(members, step, pass, losses, (service) => write(service, step));
    }
    return result;
  }

  /** Hosts and their NAT: each sees what the other lets through. */
  #settle(members: readonly number[], step: number, pass: Float64Array, losses: Float64Array, write: (service: number) => void): void {
    const stage = this.#services[members[0]!]!.nat!;
    for (let round = 0; round < ROUNDS; round++) {
      const natLosses = stage.losses(members.map((index) => this.#natLoad(index, step, losses[index]!)));
      let change = 0;
      members.forEach((index, position) => {
        change = Math.max(change, Math.abs(1 - natLosses[position]! - pass[index]!));
        pass[index] = 1 - natLosses[position]!;
      });
      if (change < SETTLED) return;
      for (const index of members) write(index);
    }
  }

  #natLoad(index: number, step: number, hostLoss: number): NatLoad {
    const { members, kinds, service, nat } = this.#services[index]!;
    let offered = 0;
    let lost = 0;
    let asked = 0;
    for (const { group, natTrajectory } of members) {
      const load = meanOf(natTrajectory!.load, step);
      offered += group.sums.at(-1)! * load * (1 - hostLoss);
      if (!nat!.isPerHost) continue;
      const table = nat!.hostTable(service.peakedness);
      for (const { share, count } of kinds) {
        const unit = (load * share * (1 - hostLoss)) / table.capacity;
        lost += count * share * load * table.weightedLoss(group.weights, countAbove(group.weights, table.quietShare / unit), unit);
        asked += count * share * load * group.sums.at(-1)!;
      }
    }
    return { offered, kinds, peakedness: service.peakedness, hostLoss: asked > 0 ? lost / asked : 0 };
  }

  /** Writes one service's fields of one step. @returns the share of its connections that the hosts lose. */
  #writeStep(index: number, spikes: readonly (readonly (Spikes | undefined)[])[], block: Block, step: number, pass: number, into: Float64Array): number {
    const { kinds, table, members, nat } = this.#services[index]!;
    const seconds = this.#clock.stepSeconds;
    let offered = 0;
    let lost = 0;
    let used = 0;
    let worstUsed = 0;
    let worstLoss = 0;
    members.forEach(({ group, trajectory }, position) => {
      offered += group.sums.at(-1)! * meanOf(trajectory.rate, step) * seconds;
      kinds.forEach(({ share, count }, kind) => {
        const sums = stepSums(group, trajectory, table, share, pass, step, seconds, spikes[position]![kind], step - block.first);
        lost += count * sums.lost;
        used += count * sums.used;
        if (sums.worstUsed > worstUsed) worstUsed = sums.worstUsed;
        if (sums.worstLoss > worstLoss) worstLoss = sums.worstLoss;
      });
    });
    const hostLoss = offered > 0 ? Math.min(1, Math.max(0, lost / offered)) : 0;
    const natLoss = nat === undefined ? 0 : 1 - pass;
    into[0] = offered;
    into[1] = offered * hostLoss;
    into[2] = offered * (1 - hostLoss) * natLoss;
    into[3] = used;
    into[4] = Math.min(worstUsed, table.capacity);
    into[5] = worstLoss;
    return hostLoss;
  }

  /** Plays the spikes that touch a block. @returns by kind of destination; undefined where there is none. */
  #spikes({ kinds, table }: ServiceState, { group, flow, trajectory }: Member, block: Block): (Spikes | undefined)[] {
    const clock = this.#clock;
    if (longestSpike(flow, clock) < 1) return kinds.map(() => undefined);
    const reach = spikeReach(flow, clock);
    let highest = 0;
    for (let step = Math.max(0, block.first - reach); step < Math.min(clock.steps, block.last + reach); step++) highest = Math.max(highest, trajectory.peak[step]!);
    return kinds.map(({ share }) => {
      const limit = (table.capacity * OVERLOAD) / share;
      const overloaded = countAbove(group.weights, limit / highest);
      let spikes: Spikes | undefined;
      for (let host = 0; host < overloaded; host++) {
        const weight = group.weights[host]!;
        const spans = spikeSpans(flow, clock, trajectory, limit / weight, block.first, block.last);
        if (spans.length === 0) continue;
        spikes ??= noSpikes(block.last - block.first);
        for (const span of spans) {
          const played = playSpike(flow, clock, trajectory, span, weight * share, table.capacity);
          putSpike(spikes, block, span, played, trajectory, weight * share, clock.stepSeconds, host === 0);
        }
      }
      return spikes;
    });
  }
}

function flowOf(service: FleetService, zoneHours: number): Flow {
  return {
    ratePerSecond: service.ratePerSecond,
    curve: service.curve,
    zoneHours,
    lifetimeSeconds: service.lifetimeSeconds,
    closingSeconds: closingSeconds(service.closing),
    closingShare: service.closingShare,
  };
}

function noSpikes(steps: number): Spikes {
  const numbers = (): Float64Array => new Float64Array(steps);
  return { weights: Array.from({ length: steps }, () => []), lost: numbers(), used: numbers(), worstUsed: numbers().fill(Number.NaN), worstLoss: numbers().fill(Number.NaN) };
}

function putSpike(spikes: Spikes, block: Block, span: SpikeSpan, played: SpikeLoss, trajectory: Trajectory, weight: number, seconds: number, isBusiest: boolean): void {
  for (let step = Math.max(span.from, block.first); step < Math.min(span.to, block.last); step++) {
    const at = step - block.first;
    const loss = played.loss[step - span.from]!;
    const used = played.used[step - span.from]!;
    spikes.weights[at]!.push(weight);
    spikes.lost[at]! += loss * weight * meanOf(trajectory.rate, step) * seconds;
    spikes.used[at]! += used;
    if (!isBusiest) continue;
    spikes.worstUsed[at] = used;
    spikes.worstLoss[at] = loss;
  }
}

function meanOf(quarters: Float64Array, step: number): number {
  const at = step * QUARTERS;
  return (quarters[at]! + quarters[at + 1]! + quarters[at + 2]! + quarters[at + 3]!) / QUARTERS;
}

/**
 * One zone's hosts in one step, to one destination.
 * @param pass share of the load that the NAT lets come into being. @param at place of the step among the spikes.
 */
function stepSums(group: HostGroup, trajectory: Trajectory, table: LossTable, share: number, pass: number, step: number, seconds: number, spikes: Spikes | undefined, at: number): Sums {
  const { weights, sums } = group;
  const all = sums[weights.length]!;
  const busiest = weights[0]!;
  const first = step * QUARTERS;
  const { load, rate } = trajectory;
  const low = Math.min(load[first]!, load[first + 1]!, load[first + 2]!, load[first + 3]!);
  const high = Math.max(load[first]!, load[first + 1]!, load[first + 2]!, load[first + 3]!);
  const parts = high - low <= FLAT * high ? 1 : QUARTERS;
  const result: Sums = { lost: spikes?.lost[at] ?? 0, used: spikes?.used[at] ?? 0, worstUsed: 0, worstLoss: 0 };
  for (let part = 0; part < parts; part++) {
    const ports = pass * (parts === 1 ? meanOf(load, step) : load[first + part]!);
    const asked = ((parts === 1 ? meanOf(rate, step) : rate[first + part]!) * seconds) / parts;
    const unit = (share * ports) / table.capacity;
    // The quiet hosts lose nothing: they are not looked at one by one.
    const count = unit > 0 ? countAbove(weights, table.quietShare / unit) : 0;
    let lost = count === 0 ? 0 : share * table.weightedLoss(weights, count, unit);
    let calm = share * all;
    // Those with a spike are counted already.
    for (const weight of spikes?.weights[at] ?? []) {
      lost -= weight * table.lossOf((weight * ports) / table.capacity);
      calm -= weight;
    }
    lost = Math.max(0, lost);
    result.lost += asked * lost;
    result.used += (ports * Math.max(0, calm - lost)) / parts;
    const worstLoss = count === 0 ? 0 : table.lossOf(busiest * unit);
    result.worstUsed += (busiest * share * ports * (1 - worstLoss)) / parts;
    result.worstLoss += worstLoss / parts;
  }
  if (spikes !== undefined && !Number.isNaN(spikes.worstUsed[at]!)) {
    result.worstUsed = spikes.worstUsed[at]!;
    result.worstLoss = spikes.worstLoss[at]!;
  }
  return result;
}
