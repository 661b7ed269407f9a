import { endpointText, PortSet, stateLabel } from '../../model/index.ts';
import type { Rule } from '../finding.ts';
import { knownServices } from '../../knobs/services/known-services.ts';
import { ownerText } from '../texts.ts';

export const servicePortHeld: Rule = {
  id: 'service-port-held',
  summary: 'An outgoing connection sits on the port of a well-known service that is not listening: the service could not start.',
  severity: 'info: whether the service is wanted here, only you know',
  advice: 'If the service is wanted: see the holder with who, stop it or wait for its TIME_WAIT, and reserve the port.',
  evidence: 'the port, the state of its holder',
  inspect: ({ usage, settings }) => {
    const listening = new Set(usage.listenersInRange.map((listener) => listener.port));
    const found = [];
    for (const [port, service] of knownServices) {
      if (port < settings.localPortRange.low || port > settings.localPortRange.high || listening.has(port)) continue;
      const holder = usage.connectionOn(port);
      if (holder === undefined) continue;
      found.push({
        severity: 'info' as const,
        title: `Port ${port} (${service}) is held by an outgoing connection to ${endpointText(holder.destination, holder.destinationPort)} of ${ownerText(holder.owner)}`,
        why: `If ${service} starts now on ${holder.source.toString()} or on all addresses, its bind() fails with EADDRINUSE, and "ss -tlnp" shows no holder, since nobody listens.`,
        evidence: [
          { name: 'port', value: port },
          { name: 'state', value: stateLabel(holder.state) },
        ],
        remedies: [
          { title: 'See every holder of the port', command: `fourtuple who ${port}`, risk: 'None: it only reads.' },
          { title: 'Reserve the port for the future', command: `sysctl -w net.ipv4.ip_local_reserved_ports="${settings.reservedPorts.clone().addAll(PortSet.of([port])).toString()}"`, risk: 'Does not free the port now; the connection that holds it lives on.' },
        ],
      });
    }
    return found.slice(0, 5);
  },
};
