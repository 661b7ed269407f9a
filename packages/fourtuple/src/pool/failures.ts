import type { Socket } from 'node:net';
import { codeOf } from './errors.ts';

/**
 * Makes the socket fail by an error of ours where Node would make one of an errno that a hook returned. Node's own comes
 * as the cause. An attempt that fails among others of happy eyeballs stays Node's.
 */
export function failBy(socket: Socket, make: (cause: Error) => Error): void {
  socket.destroy = (error?: Error): Socket => {
    Reflect.deleteProperty(socket, 'destroy');
    const isOurs = codeOf(error) === 'EADDRNOTAVAIL' && !(error instanceof AggregateError);
    return socket.destroy(isOurs ? make(error!) : error);
  };
}
