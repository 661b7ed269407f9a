/** What reads sockets, their processes and their ports' holders by BPF: a quarter of the code of a count. */
export { DescriptorSource } from './descriptor-source.ts';
export { readOwnersByBpfSteps } from './socket-owners.ts';
export { PortMarkReader } from './port-marks.ts';
export { HashedSource } from './hashed-source.ts';
