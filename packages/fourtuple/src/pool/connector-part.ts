import { createConnector } from './connector.ts';
import type { Connector, ConnectorOptions } from './connector-options.ts';
import { SourceError } from './errors.ts';

/** A connector, or the options to make one of, among other options. */
export type WithConnector = { readonly connector?: Connector } & ConnectorOptions;

const names = ['sources', 'policy', 'budget', 'portRange', 'onWarning', 'random', 'now'] as const satisfies readonly (keyof ConnectorOptions)[];

/** The connector of options that name one or what to make it of, and the other options. @throws SourceError for sources that cannot be used, or a connector and sources */
export function splitConnector<Options extends WithConnector>(given: Options, defaults: ConnectorOptions = {}): { connector: Connector; rest: Omit<Options, keyof WithConnector> } {
  const rest = { ...given } as Record<string, unknown>;
  const own: Record<string, unknown> = { ...defaults };
  const ignored = given.connector === undefined ? undefined : (['sources', 'policy', 'budget', 'portRange'] as const).find((name) => given[name] !== undefined);
  if (ignored !== undefined) throw new SourceError(`a connector has its own ${ignored}: give the one or the other`);
  for (const name of names) {
    if (rest[name] !== undefined) own[name] = rest[name];
    Reflect.deleteProperty(rest, name);
  }
  Reflect.deleteProperty(rest, 'connector');
  return { connector: given.connector ?? createConnector(own), rest: rest as Omit<Options, keyof WithConnector> };
}
