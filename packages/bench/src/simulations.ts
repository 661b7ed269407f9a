import { join } from 'node:path';
import { fleets } from './paths.ts';

interface Simulation {
  readonly title: string;
  readonly args: readonly string[];
  /** What it does, in these units; the start of the program is not taken off. */
  readonly work: number;
  readonly unit: 'event' | 'load';
}

const connections = 10_000_000;
/** Hosts, services, minutes of both fleets. */
const loads = 100_000 * 4 * 1440;

function fleet(name: 'day' | 'overloaded', workers: number): Simulation {
  return { title: `simulate fleet ${name}.yaml --workers ${workers}`, args: ['fleet', join(fleets, `${name}.yaml`), '--workers', String(workers)], work: loads, unit: 'load' };
}

/** A connection is two events: it comes, and its port is free again. The warm-up is not counted. */
export const simulations = {
  host: { title: `simulate host --rate 430 --connections ${connections}`, args: ['host', '--rate', '430', '--connections', String(connections)], work: 2 * connections, unit: 'event' },
  day: fleet('day', 1),
  overloaded: fleet('overloaded', 1),
  'overloaded-2': fleet('overloaded', 2),
} as const satisfies Readonly<Record<string, Simulation>>;

export type SimulationName = keyof typeof simulations;
export const simulationNames = ['host', 'day', 'overloaded', 'overloaded-2'] as const satisfies readonly SimulationName[];

/** Of a whole run's milliseconds, what one event or load takes. */
export function nanosecondsEach(name: SimulationName, runMs: number): number {
  return (runMs * 1e6) / simulations[name].work;
}

export function isSimulation(id: string): id is SimulationName {
  return Object.hasOwn(simulations, id);
}
