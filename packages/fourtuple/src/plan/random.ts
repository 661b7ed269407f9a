/** The numbers from a seed that the simulators and the evaluation of the forecast share. */
export { Random } from './simulate/random.ts';
