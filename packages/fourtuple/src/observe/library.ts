import * as readers from '../kernel/bpf/readers.ts';
import { useBpfReaders } from './bpf-readers.ts';

// The command line loads these at need; who imports the library has them.
useBpfReaders(readers);

export * from './index.ts';
