import { existsSync } from 'node:fs';
import { readServices, socketUnitPorts } from '../../kernel/index.ts';
import { knownServices } from '../../knobs/index.ts';
import type { NamespaceUsage } from '../../usage/index.ts';
import { ownerText } from '../../diagnose/texts.ts';
import { publishedPorts } from './published-ports.ts';
import type { Service } from './service.ts';

/** What kubelet keeps on each node. */
const KUBELET = '/var/lib/kubelet/config.yaml';
/** Default of the API server's --service-node-port-range. */
const NODE_PORTS = { low: 30_000, high: 32_767 } as const;
/** Of /etc/services, which names nearly all ports below. */
const LOWEST = 1024;

export interface FoundServices {
  readonly services: readonly Service[];
  readonly isKubernetesNode: boolean;
}

/**
 * Ports that are somebody's: what listens in the namespace, and for the host's own namespace what socket units, containers and Kubernetes will
 * bind; what is well known, and /etc/services, for both.
 * @param isHost true for the initial network namespace
 */
export function findServices(usage: NamespaceUsage, isHost: boolean): FoundServices {
  const one = (port: number, name: string, source: Service['source']): Service => ({ low: port, high: port, name, source });
  const isKubernetesNode = isHost && existsSync(KUBELET);
  const services: Service[] = usage.listeners.map(({ port, owner }) => one(port, owner === undefined ? (knownServices.get(port) ?? 'a listener') : ownerText(owner), 'listener'));
  if (isHost) {
    services.push(...socketUnitPorts().filter(({ isEnabled }) => isEnabled).map(({ port, name }) => one(port, name, 'socket-unit')));
    services.push(...publishedPorts().map(({ port, container }) => one(port, container, 'container')));
  }
  if (isKubernetesNode) services.push({ ...NODE_PORTS, name: 'NodePorts of Kubernetes', source: 'node-port' });
  for (const [port, name] of knownServices) services.push(one(port, name, 'well-known'));
  const named = new Map([...readServices()].toReversed().map(([name, port]) => [port, name]));
  for (const [port, name] of named) if (port >= LOWEST && !knownServices.has(port)) services.push(one(port, name, 'etc-services'));
  return { services: distinct(services), isKubernetesNode };
}

/** Each port by the surest of its sources: the first. */
function distinct(services: readonly Service[]): Service[] {
  const seen = new Set<string>();
  return services.filter(({ low, high }) => {
    const key = `${low}-${high}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
