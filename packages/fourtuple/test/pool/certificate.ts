import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';

export interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
}

/** Why there can be no certificate, or undefined when there can. */
export function opensslObstacle(): string | undefined {
  return spawnSync('openssl', ['version']).status === 0 ? undefined : 'openssl is not installed';
}

/** Why TLS to an IPv6 address cannot work: checkServerIdentity() of Node 22.23 takes none for an address. */
export function ipv6TlsObstacle(): string | undefined {
  const certificate = { subject: { CN: 'localhost' }, subjectaltname: 'IP Address:0:0:0:0:0:0:0:1' } as unknown as PeerCertificate;
  return checkServerIdentity('::1', certificate) === undefined ? undefined : 'this Node does not know an IPv6 address in a certificate';
}

let made: Certificate | undefined;

/** A certificate of localhost, other.test, 127.0.0.1 and ::1, and its key: the same each time. */
export function makeCertificate(): Certificate {
  if (made !== undefined) return made;
  const folder = mkdtempSync(join(tmpdir(), 'fourtuple-certificate-'));
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const { status, stderr } = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,DNS:other.test,IP:127.0.0.1,IP:::1', '-keyout', key, '-out', cert]);
    if (status !== 0) throw new Error(stderr.toString());
    made = { key: readFileSync(key), cert: readFileSync(cert) };
    return made;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
