import { cleaned } from './clean.ts';
import { clients } from './clients.ts';
import { conclude } from './conclude.ts';
import { databases } from './databases.ts';
import { erlang } from './erlang.ts';
import { ERRNO_SIGNS, findErrno } from './errno.ts';
import type { LineFamily, LoggedFailure } from './failure.ts';
import { readAny } from './generic.ts';
import { go } from './go.ts';
import { java } from './java.ts';
import { native } from './native.ts';
import { node } from './node.ts';
import { PhraseFinder } from './phrases.ts';
import { proxies } from './proxies.ts';
import { python } from './python.ts';
import { scripting } from './scripting.ts';
import { kernel, services } from './services.ts';
import { other } from './other.ts';

/** The texts that only one program writes come before those that many write. */
const families: readonly LineFamily[] = [kernel, node, go, proxies, databases, services, clients, python, java, native, scripting, erlang, other];

const rules = families.flatMap((family) => family.rules);

let finder: PhraseFinder | undefined;

/** False for most lines of a log, in one pass over the text: no rule knows any of them. */
export function mayTellOfFailure(line: string): boolean {
  finder ??= new PhraseFinder([...new Set([...ERRNO_SIGNS, ...families.flatMap((family) => family.signs)])]);
  return finder.first(line) >= 0;
}

/**
 * Says what really failed, from one line of any program's log. A text of several lines (a stack trace, the dump of an
 * error object) is one failure too.
 * @returns undefined for a line without any sign of a failed network call.
 * @example
 * recognizeLine('Error: connect EADDRINUSE 10.0.0.9:5432 - Local (10.0.0.5:0)')?.cause; // 'bind-pool-empty'
 */
export function recognizeLine(line: string): LoggedFailure | undefined {
  const text = cleaned(line);
  if (!mayTellOfFailure(text)) return undefined;
  for (const { pattern, read } of rules) {
    const found = pattern.exec(text);
    const reading = found === null ? undefined : read(found, text);
    if (reading !== undefined) return conclude(reading);
  }
  const errno = findErrno(text);
  const reading = errno === undefined ? undefined : readAny(text, errno);
  return reading === undefined ? undefined : conclude(reading);
}
