import type { Address } from '../model/address.ts';
import { AF_INET, AF_INET6, checked, IP_BIND_ADDRESS_NO_PORT, loadLibc, setOption, SOCK_CLOEXEC, SOCK_STREAM, SOL_IP } from './libc.ts';
import { encodeSockaddr } from './sockaddr.ts';

/**
 * Whether connections of this network namespace can come from an address: asked by a bind() that takes no port.
 * @returns 0, or the errno: EADDRNOTAVAIL when the host has not got the address, or still looks whether another one has it (IPv6)
 */
export function bindErrno(address: Address): number {
  const libc = loadLibc();
  const family = address.isIpv4 ? AF_INET : AF_INET6;
  const fd = checked('socket(SOCK_STREAM)', libc.socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  try {
    setOption(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    const place = encodeSockaddr(address, 0, family);
    return libc.bind(fd, place, place.length) < 0 ? libc.errno() : 0;
  } finally {
    libc.close(fd);
  }
}
