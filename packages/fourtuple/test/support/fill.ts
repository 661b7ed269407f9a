import { Address } from '../../src/model/index.ts';
import type { BindPoolUsage, TupleUsage } from '../../src/usage/index.ts';
import { EADDRINUSE, EADDRNOTAVAIL } from './population.ts';
import { bindSocket, closeSocket, connectSocket, makeSocket } from './sockets.ts';

/** Opens packet-free connections to the tuple's destination until the kernel refuses. @returns how many it allowed. */
export function fillTuple(tuple: Pick<TupleUsage, 'source' | 'destination' | 'destinationPort' | 'device'>): number {
  const ipv6 = !tuple.source.isIpv4;
  return untilRefused(EADDRNOTAVAIL, () => {
    const fd = makeSocket({ ipv6, noPort: true, repair: true, ...(tuple.device === 0 ? {} : { device: 'lo' }) });
    const bound = bindSocket(fd, tuple.source, 0, ipv6);
    if (bound !== 0) throw new Error(`bind(${tuple.source.toString()}) with NO_PORT: errno ${bound}`);
    return { fd, errno: connectSocket(fd, tuple.destination, tuple.destinationPort, ipv6) };
  });
}

/** bind(source, 0) until the kernel refuses. @returns how many it allowed. */
export function fillBindPool(pool: Pick<BindPoolUsage, 'source' | 'protocol'>): number {
  const ipv6 = !pool.source.isIpv4;
  return untilRefused(EADDRINUSE, () => {
    const fd = makeSocket({ ipv6, udp: pool.protocol === 'udp', ...(pool.source.equals(Address.anyIpv6) ? { v6Only: false } : {}) });
    return { fd, errno: bindSocket(fd, pool.source, 0, ipv6) };
  });
}

function untilRefused(refusal: number, open: () => { fd: number; errno: number }): number {
  const fds: number[] = [];
  try {
    for (;;) {
      const { fd, errno } = open();
      fds.push(fd);
      if (errno === refusal) return fds.length - 1;
      if (errno !== 0) throw new Error(`an unexpected errno ${errno} instead of ${refusal}`);
    }
  } finally {
    for (const fd of fds) closeSocket(fd);
  }
}
