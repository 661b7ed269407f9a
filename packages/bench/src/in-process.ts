import { inOneGo } from './in-one-go.ts';
import { inSlices } from './in-slices.ts';
import { readStage, runInnerStage } from './inner.ts';
import { loadLibrary } from './library.ts';

/* The inner stage of the jobs that are about a process which stays: bundled by itself, with the library outside. */
const stage = readStage();
const library = await loadLibrary();
await runInnerStage(stage, stage.job === 'event-loop' ? inSlices(library) : inOneGo(library));
