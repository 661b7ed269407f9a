import { inOneGo } from './in-one-go.ts';
import { inSlices } from './in-slices.ts';
import { readStage, runInnerStage } from './inner.ts';
import { Connects } from './connects.ts';
import { loadKernel, loadLibrary, loadModel } from './library.ts';
import { Clients, poolClient, runAsClient } from './pool-client.ts';
import { startPeer } from './pool-peer.ts';
import { isPoolWork } from './pool-works.ts';
import type { Stage } from './stage.ts';

/* The inner stage of the jobs that are about a process which stays: bundled by itself, with the library outside. */
const [role, work = ''] = process.argv.slice(2);
if (role === poolClient && isPoolWork(work)) await runAsClient(work);
else await runStage(readStage());

async function runStage(stage: Stage): Promise<void> {
  if (stage.job === 'pool') {
    const stop = await startPeer(stage.sockets);
    const clients = new Clients();
    await runInnerStage(stage, { clients });
    clients.stop();
    stop();
    return;
  }
  if (stage.job === 'overhead') {
    const connects = new Connects(await loadKernel(), await loadModel());
    try {
      await runInnerStage(stage, { connects });
    } finally {
      connects.close();
    }
    return;
  }
  const library = await loadLibrary();
  await runInnerStage(stage, { resident: stage.job === 'event-loop' ? inSlices(library) : inOneGo(library) });
}
