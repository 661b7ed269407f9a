import { beforeEach, describe, expect, it } from 'vitest';
import { because } from '../support/because.ts';
import { enterFreshNamespace, liveTestObstacle, setSysctl } from '../support/namespace.ts';
import { connectorClients, fillBy, isSecure } from './matrix/connector-clients.ts';
import { full, makeCertificate, PORT_RANGE, PORTS, sourceCounts } from './matrix/servers.ts';
import { installedUndicis } from './matrix/undici.ts';

const obstacle = liveTestObstacle();
const certificate = obstacle === undefined ? makeCertificate() : undefined;
// undici 8 takes Node 22: nodes.test.ts has it.
const clients = connectorClients(installedUndicis(import.meta.url));

describe.skipIf(obstacle !== undefined)(`clients, with ${PORTS} ports${because(obstacle)}`, () => {
  beforeEach(() => {
    enterFreshNamespace();
    setSysctl('ipv4/ip_local_port_range', PORT_RANGE);
  });

  it('are those of both versions of undici that are installed, too', () => {
    expect(clients.map(({ name }) => name.replace(/(undici \d+)[.\d]+/, '$1'))).toEqual(expect.arrayContaining(['undici 6, http', 'undici 7, https']));
  });

  for (const client of clients) {
    const lacking = obstacle ?? client.lacking ?? (isSecure(client.protocol) && certificate === undefined ? 'openssl is not installed' : undefined);
    it.skipIf(lacking !== undefined).each(sourceCounts)(`${client.name}, with %s${because(lacking)}`, { timeout: 180_000 }, async (_, sources, count) => {
      expect(await fillBy(client, sources, count, certificate)).toEqual(full(count));
    });
  }
});
