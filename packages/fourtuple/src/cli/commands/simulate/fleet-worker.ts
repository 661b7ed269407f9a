import { parentPort, workerData } from 'node:worker_threads';
import { FleetSimulation, type FleetSpec } from '../../../plan/simulate/index.ts';

/* The whole of a worker's program: it is given numbers of blocks, and answers with what is in them. */
const simulation = new FleetSimulation(workerData as FleetSpec);
parentPort!.on('message', (block: number) => {
  const numbers = simulation.runBlock(block);
  parentPort!.postMessage({ block, numbers }, [numbers.buffer as ArrayBuffer]);
});
