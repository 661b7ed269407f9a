import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** The part of undici that is used here, of all its versions. */
export interface Undici {
  Agent: new (options: object) => { destroy(): Promise<void> };
  request(url: string, options: object): Promise<{ statusCode: number; body: { on(event: string, listener: () => void): unknown } }>;
  setGlobalDispatcher(dispatcher: object): void;
  getGlobalDispatcher(): object;
}

export interface InstalledUndici {
  /** As `undici 7.30.2`. */
  readonly name: string;
  readonly load: () => Undici;
  /** Why the fetch() of this Node does not look at its dispatcher; undefined if it does. */
  readonly deaf: string | undefined;
}

/** Names under which versions are installed beside each other. */
const names = ['undici-6', 'undici', 'undici-8'] as const;

/** Those versions that are installed and take this Node. @param from a file near node_modules; what NODE_PATH names is looked through, too */
export function installedUndicis(from: string): InstalledUndici[] {
  const require = createRequire(from);
  const [ownMajor, ownMinor] = numbers(process.versions.node);
  return names.flatMap((name) => {
    try {
      const { version, engines } = JSON.parse(readFileSync(require.resolve(`${name}/package.json`), 'utf8')) as { version: string; engines: { node: string } };
      const [major, minor] = numbers(engines.node.replace('>=', ''));
      if (ownMajor < major || (ownMajor === major && ownMinor < minor)) return [];
      const deaf = version.startsWith('6.') && ownMajor >= 26 ? 'the fetch() of Node 26 does not look at the dispatcher of undici 6' : undefined;
      return [{ name: `undici ${version}`, load: () => require(name) as Undici, deaf }];
    } catch {
      return [];
    }
  });
}

function numbers(version: string): [number, number] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return [major, minor];
}
