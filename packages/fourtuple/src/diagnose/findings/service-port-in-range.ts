import { plural, PortSet } from '../../model/index.ts';
import type { Rule } from '../finding.ts';
import { knownServices } from '../../knobs/services/known-services.ts';
import { ownerText } from '../texts.ts';

export const servicePortInRange: Rule = {
  id: 'service-port-in-range',
  summary: 'A service listens on a port inside the local port range: while it is down, an outgoing connection may take the port, and the service cannot start.',
  severity: 'warning when a well-known service listens there, info otherwise',
  advice: 'Append the ports to net.ipv4.ip_local_reserved_ports.',
  evidence: 'the listening ports inside the range',
  inspect: ({ usage, settings }) => {
    const listeners = usage.listenersInRange;
    if (listeners.length === 0) return [];
    const known = listeners.filter((listener) => knownServices.has(listener.port));
    const ports = PortSet.of(listeners.map((listener) => listener.port));
    const reserved = settings.reservedPorts.clone().addAll(ports);
    const first = known[0] ?? listeners[0]!;
    const names = listeners.slice(0, 5).map((listener) => `${listener.port} (${knownServices.get(listener.port) ?? ownerText(listener.owner)})`);
    return [
      {
        severity: known.length > 0 ? 'warning' : 'info',
        title: `${plural(ports.size, 'listening port')} inside the range ${settings.localPortRange.low}-${settings.localPortRange.high}: ${names.join(', ')}${listeners.length > 5 ? ', …' : ''}`,
        why: `While a service listens, connect() skips its port. In the moment when it is restarted, any outgoing connection of the host may be given port ${first.port}; bind() then fails with EADDRINUSE for as long as that connection lives, and 60 seconds of TIME_WAIT after, SO_REUSEADDR on the server or not. A port that the kernel chose (bind to port 0) comes to no harm.`,
        evidence: [{ name: 'ports', value: ports.toString() }],
        remedies: [
          {
            title: 'Reserve these ports: the kernel then never chooses them by itself; services bind them as before',
            command: `sysctl -w net.ipv4.ip_local_reserved_ports="${reserved.toString()}"`,
            risk: `Takes ${plural(ports.size, 'port')} from the range. The list replaces the old one: what was reserved before is in it.`,
          },
        ],
      },
    ];
  },
};
