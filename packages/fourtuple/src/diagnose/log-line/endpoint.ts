import { Address } from '../../model/index.ts';
import type { LoggedEndpoint } from './failure.ts';

/** The text of an endpoint inside a larger pattern. */
export const ENDPOINT = String.raw`[\w.:*%\[\]-]{1,300}`;

/**
 * Reads `host:port`, `[v6]:port`, `::1:8080` (Node.js: the last colon divides), `:8080`, `*:80`, and a bare host.
 * @returns undefined for a path, or text that is neither.
 */
export function endpointOf(text: string | undefined): LoggedEndpoint | undefined {
  if (text === undefined) return undefined;
  const trimmed = text.replace(/^["'(<]+/, '').replace(/(?:[.,;"')>]|(?<!:):)+$/, '');
  if (trimmed === '' || trimmed.startsWith('/') || trimmed.startsWith('unix:')) return undefined;
  const bracketed = /^\[([^\][]{1,100})\](?::(\d{1,5}|\*))?$/.exec(trimmed);
  if (bracketed !== null) return endpoint(bracketed[1] ?? '', bracketed[2]);
  const colon = trimmed.lastIndexOf(':');
  if (colon < 0) return /^[\w.*%-]+$/.test(trimmed) ? { host: trimmed, port: undefined } : undefined;
  const head = trimmed.slice(0, colon);
  const tail = trimmed.slice(colon + 1);
  if (/^(?:\d{1,5}|\*)$/.test(tail) && isHost(head)) return endpoint(head, tail);
  return hostOf(trimmed);
}

/** Reads an address or name that stands without a port. */
export function hostOf(text: string | undefined): LoggedEndpoint | undefined {
  if (text === undefined) return undefined;
  const host = text.replace(/^[["'(/]+/, '').replace(/[\]"'),;]+$/, '').replace(/(?<=[\w*])[.:]+$/, '');
  if (host === '' || !isHost(host)) return undefined;
  return { host, port: undefined };
}

/** Host and port that a text gives apart. */
export function endpoint(host: string | undefined, port: string | undefined): LoggedEndpoint | undefined {
  const number = port === undefined || !/^\d{1,5}$/.test(port) ? undefined : Number(port);
  if (number !== undefined && number > 65_535) return undefined;
  const name = (host ?? '').replace(/^\[|\]$/g, '');
  return name === '' && number === undefined ? undefined : { host: name, port: number };
}

/** `name/10.0.0.9:5432`, `/10.0.0.9:5432`, `0.0.0.0/0.0.0.0:80`: how Java writes a socket address. */
export function javaEndpointOf(text: string | undefined): LoggedEndpoint | undefined {
  if (text === undefined) return undefined;
  const slash = text.lastIndexOf('/');
  const resolved = endpointOf(text.slice(slash + 1).replace(/<unresolved>/, ''));
  return resolved?.host === '' && slash > 0 ? endpoint(text.slice(0, slash), String(resolved.port)) : resolved;
}

/** `{127,0,0,1}`, `{0,0,0,0,0,0,0,1}`: how Erlang writes an address. */
export function erlangHostOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const parts = text.replace(/[{}\s]/g, '').split(',').map(Number);
  if (parts.some((part) => !Number.isInteger(part) || part < 0 || part > 0xffff)) return undefined;
  if (parts.length === 4) return parts.join('.');
  if (parts.length !== 8) return undefined;
  return Address.parse(parts.map((part) => part.toString(16)).join(':'))?.toString();
}

/** 'ipv4', 'ipv6', or 'name' for everything else, of which IPv6 is possible. */
export function familyOf(host: string): 'ipv4' | 'ipv6' | 'name' {
  const address = Address.parse(host);
  if (address === undefined) return 'name';
  return address.isIpv4 ? 'ipv4' : 'ipv6';
}

/** `10.0.0.9:5432`, `[::1]:80`, `port 80`, `10.0.0.9`. */
export function loggedEndpointText({ host, port }: LoggedEndpoint): string {
  if (host === '') return `port ${port ?? '?'}`;
  if (port === undefined) return host;
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

const ANYWHERE: readonly RegExp[] = [
  /\[(?<host>[0-9a-fA-F:.]{2,46}(?:%\w{1,16})?)\]:(?<port>\d{1,5})(?!\d)/,
  /(?<![\d.])(?<host>\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}):(?<port>\d{1,5})(?![\d.])/,
  /\('(?<host>[^'\n]{0,255})', (?<port>\d{1,5})(?:, \d{1,10}, \d{1,10})?\)/,
  /\bhost(?:name)?[ ='":]{1,4}(?<host>[\w.:-]{1,255})['",; ]{1,4}port[ ='":]{1,4}(?<port>\d{1,5})\b/i,
  /\b(?<host>localhost):(?<port>\d{1,5})(?!\d)/,
  /(?<![\w:])(?<host>::):(?<port>\d{1,5})(?!\d)/,
  /(?<![\w:])(?<host>\*):(?<port>\d{1,5})(?!\d)/,
  /:\/\/(?<host>[\w.-]{1,255}):(?<port>\d{1,5})(?!\d)/,
  /(?<host>(?<!\d)\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\d.])),? (?:on )?port[ =:]{1,3}(?<port>\d{1,5})\b/i,
  /(?<=["'])(?<host>):(?<port>\d{2,5})(?=["'])/,
  /(?<![^\s(=])(?<host>):(?<port>\d{2,5})(?![\d:.\w])/,
  /\bport(?:\(s\))?[ =:#'"]{1,3}(?<host>)(?<port>\d{1,5})(?![\d.])/i,
];

/** The first endpoint in a text of no known form, in the surest notation that occurs in it. */
export function endpointIn(text: string): LoggedEndpoint | undefined {
  for (const pattern of ANYWHERE) {
    const found = pattern.exec(text);
    const read = found === null ? undefined : endpoint(found.groups?.['host'], found.groups?.['port']);
    if (read !== undefined) return read;
  }
  return undefined;
}

function isHost(text: string): boolean {
  if (text === '' || text === '*') return true;
  const bare = text.replace(/^\[|\]$/g, '');
  return bare.includes(':') ? Address.parse(bare) !== undefined : /^[\w.%-]{1,255}$/.test(bare);
}
