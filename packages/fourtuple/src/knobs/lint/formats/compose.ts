import type { Extracted, NamedPort, Span } from '../statement.ts';
import { joined } from './embedded.ts';
import { mapStatements, pairStatements, portOf, type Placement } from './settings.ts';
import { at, isMap, isScalar, itemsOf, textAt, type Source, type Tree, type TreeScalar } from './tree.ts';
import { extractCommand } from './written-file.ts';

/** More ports than a service publishes by a range that matters one by one. */
const MOST_OF_A_RANGE = 1000;

/** Services of Docker Compose. */
export function extractCompose(source: Source, root: Tree): Extracted {
  const services = at(root, 'services');
  if (!isMap(services)) return joined([]);
  return joined(
    services.entries.flatMap(({ key, value: service }) => {
      const place: Placement = { group: `service ${key.content.text}`, reach: 'container', sharesHostNetwork: textAt(service, 'network_mode') === 'host' };
      const sysctls = at(service, 'sysctls');
      const statements = isMap(sysctls) ? mapStatements(source, place, sysctls) : pairStatements(source, place, sysctls);
      return [{ statements, ports: portsOf(place.group, service), problems: [] }, extractCommand(at(service, 'entrypoint'), place), extractCommand(at(service, 'command'), place)];
    }),
  );
}

function portsOf(group: string, service: Tree | undefined): NamedPort[] {
  return ['ports', 'expose'].flatMap((name) =>
    itemsOf(at(service, name)).flatMap(({ value }) => (isMap(value) ? portOf(group, at(value, 'target')) : isScalar(value) ? containerPorts(group, value) : [])),
  );
}

/** The last part of `HOST:PORT:PORT/PROTOCOL`: a port, or two with a dash between them. */
function containerPorts(group: string, { content, value }: TreeScalar): NamedPort[] {
  const found = value === undefined ? null : /(?:^|:)(\d{1,5})(?:-(\d{1,5}))?(?:\/[a-z]+)?$/i.exec(value);
  if (found === null || content.text !== value) return [];
  const from = value.lastIndexOf(':') + 1;
  const first = Number(found[1]);
  const last = Number(found[2] ?? first);
  const span: Span = content.span(from, from + (found[1]?.length ?? 0) + (found[2] === undefined ? 0 : found[2].length + 1));
  if (first < 1 || last > 65_535 || last < first) return [];
  return Array.from({ length: Math.min(last - first + 1, MOST_OF_A_RANGE) }, (_, index) => ({ group, port: first + index, span }));
}
