import { grouped, percent, plural } from '../model/index.ts';
import type { Measurement } from '../observe/index.ts';

/** A namespace's range and sockets in one line. */
export function namespaceLine({ id, usage }: Measurement): string {
  const { low, high } = usage.localPortRange;
  const { sockets } = usage;
  const poisoned = usage.usablePorts === 0 ? '' : ` (${percent(usage.poisonedPorts / usage.usablePorts)})`;
  return (
    `${id.name}: range ${low}-${high}, ${plural(usage.usablePorts, 'usable port')}, ${grouped(usage.reservedPorts)} reserved, ${grouped(usage.poisonedPorts)} held explicitly${poisoned}; ` +
    `${plural(sockets.total, 'TCP socket')}: ${grouped(sockets.established)} established, ${grouped(sockets.timeWait)} TIME_WAIT, ${grouped(sockets.listen)} listening, ${grouped(sockets.boundIdle)} bound idle, ${grouped(sockets.accepted)} accepted; ${grouped(sockets.udp)} UDP`
  );
}
