import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { SignalRelay } from './signal-relay.ts';

describe('signals for a command', () => {
  const signals = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGINT', 'SIGQUIT'] as const;
  const listeners = (): number[] => signals.map((signal) => process.listenerCount(signal));
  let relay: SignalRelay | undefined;
  let child: ChildProcess | undefined;
  afterEach(() => {
    relay?.close();
    child?.kill('SIGKILL');
  });

  it.each(signals)('%s that came before the command runs reaches it', async (signal) => {
    relay = new SignalRelay();
    const heard = once(process, signal);
    process.kill(process.pid, signal);
    await heard;
    child = spawn('sleep', ['60']);
    const ended = once(child, 'exit');
    relay.passTo(child);
    expect(await ended).toEqual([null, signal]);
  });

  /** What a relay sends to a child, which stands in for a real one. */
  async function sentTo(pid: number | undefined): Promise<unknown[]> {
    relay = new SignalRelay();
    const heard = once(process, 'SIGUSR2');
    process.kill(process.pid, 'SIGUSR2');
    await heard;
    const sent: unknown[] = [];
    const standIn = { pid, kill: (signal: unknown) => sent.push(signal) } as unknown as ChildProcess;
    relay.passTo(standIn);
    relay.passTo(standIn);
    await setImmediate();
    return sent;
  }

  it('reach it once', async () => {
    expect(await sentTo(4_194_303)).toEqual(['SIGUSR2']);
  });

  it.each(['/nonexistent', '/etc/passwd'])('reach nobody when the command (%s) could not be started: kill() would mean our whole group', async (command) => {
    const failed = spawn(command);
    await once(failed, 'error');
    expect(failed.pid).toBeUndefined();
    expect(await sentTo(failed.pid)).toEqual([]);
  });

  it('listens to none when it is closed', () => {
    const before = listeners();
    relay = new SignalRelay();
    expect(listeners()).toEqual(before.map((count) => count + 1));
    relay.close();
    expect(listeners()).toEqual(before);
  });
});
