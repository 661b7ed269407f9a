import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { peerBinary } from './compile.ts';

/** The server of the pool job, in a process of its own, which ends with this one. @param taken ports of its tuple that it takes beforehand @returns how to end it */
export async function startPeer(taken: number): Promise<() => void> {
  const peer = spawn(peerBinary, ['-n', String(taken)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(peer, 'exit').then(() => {
    throw new Error('the server of the clients ended');
  });
  await Promise.race([once(peer.stdout, 'data'), ended]);
  ended.catch(() => undefined);
  return () => peer.kill('SIGKILL');
}
