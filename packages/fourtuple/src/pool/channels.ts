import { channel } from 'node:diagnostics_channel';

/** Published with a PortWarning. */
export const warningChannel = channel('fourtuple.pool.warning');
/** Published with {@link ExhaustedMessage}: no source had a port, or a budget was spent. */
export const exhaustedChannel = channel('fourtuple.pool.exhausted');
/** Published with {@link ConnectionMessage} by TCP pools: a connection was made, or is gone. */
export const createdChannel = channel('fourtuple.pool.created');
export const destroyedChannel = channel('fourtuple.pool.destroyed');
/** Published with {@link AcquireMessage} by TCP pools: somebody got a connection, gave it back, or did not get one. */
export const acquiredChannel = channel('fourtuple.pool.acquired');
export const releasedChannel = channel('fourtuple.pool.released');
export const failedChannel = channel('fourtuple.pool.failed');
/** Published with {@link LeakMessage}: a connection was not given back in the time that was named. */
export const leakChannel = channel('fourtuple.pool.leak');

export interface ExhaustedMessage {
  readonly error: Error;
}

export interface ConnectionMessage {
  /** Name of the pool. */
  readonly pool: string;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  /** Why it is gone. */
  readonly reason?: string;
}

export interface AcquireMessage {
  readonly pool: string;
  /** Milliseconds that were waited; for one that is given back, those that it was lent. */
  readonly elapsedMs: number;
  readonly error?: Error;
}

export interface LeakMessage {
  readonly pool: string;
  /** Milliseconds since it was lent. */
  readonly heldMs: number;
  /** Where it was acquired. */
  readonly stack: string;
}

/** Names of all channels, as diagnostics_channel has them. */
export const channelNames = ['warning', 'exhausted', 'created', 'destroyed', 'acquired', 'released', 'failed', 'leak'].map((name) => `fourtuple.pool.${name}`);
