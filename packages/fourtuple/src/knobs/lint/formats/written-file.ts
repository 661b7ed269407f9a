import { sysctlProblemText, type SysctlProblem } from '../../files/problem.ts';
import { nothingExtracted, type Extracted, type TextProblem } from '../statement.ts';
import { formatOf, isSysctlPath } from './format-of.ts';
import { extractIni } from './ini.ts';
import { inside, moved, type Placement } from './settings.ts';
import { extractArguments, extractShell, type Argument } from './shell.ts';
import { extractSysctlFile, sysctlFileProblems } from './sysctl-file.ts';
import { extractSystemdUnit } from './systemd.ts';
import { withSpans } from './embedded.ts';
import { isTemplate } from './templates.ts';
import { isScalar, itemsOf, scalarsOf, type Tree, type TreeScalar } from './tree.ts';

/** What a file sets that a description lets somebody write to a path. */
export function extractWrittenFile(path: string, text: string, place: Placement): Extracted {
  switch (isSysctlPath(path) ? 'sysctl' : formatOf(path, text)) {
    case 'sysctl':
      return { ...moved(extractSysctlFile(text, path, place), place), problems: lostLines(text, path) };
    case 'ini':
      return moved(extractIni(text, place), place);
    case 'systemd':
      return extractSystemdUnit(text, place);
    case 'shell':
      return extractScript(text, place);
    default:
      return nothingExtracted;
  }
}

/** With these a line sets nothing, whatever its key. */
const LOST: ReadonlySet<SysctlProblem> = new Set<SysctlProblem>(['malformed', 'empty-key', 'blank-after-dash', 'unprintable-key', 'absolute-path', 'leaves-proc-sys']);

/** Lines that set nothing though they seem to; those with templates may become anything. */
function lostLines(text: string, path: string): TextProblem[] {
  return sysctlFileProblems(text, path).flatMap(({ problem, span }) => {
    const line = text.slice(text.lastIndexOf('\n', Math.max(0, span.start - 1)) + 1, span.end);
    return LOST.has(problem) && !isTemplate(line) ? [{ span, text: sysctlProblemText(problem) }] : [];
  });
}

/** The same for a path and a content that stand in a tree. @param encoding as cloud-init names it */
export function extractWrittenScalar(path: string | undefined, content: Tree | undefined, place: Placement, encoding = ''): Extracted {
  if (path === undefined || !isScalar(content)) return nothingExtracted;
  if (encoding === '' || encoding === 'text/plain') return inside(content, (text) => extractWrittenFile(path, text, place));
  const text = /^(?:b64|base64)$/i.test(encoding) ? decodedBase64(content.content.text) : undefined;
  return text === undefined ? nothingExtracted : atWhole(content, extractWrittenFile(path, text, place));
}

/** What was found in a text that the scalar holds encoded: all of it stands where the scalar stands. */
export function atWhole({ span }: TreeScalar, found: Extracted): Extracted {
  return withSpans(found, () => span);
}

export function extractScript(text: string, place: Placement): Extracted {
  return extractShell(text, { ...place, inner: (path, content) => extractWrittenFile(path, content, place) });
}

/** A command as descriptions hold it: a line for a shell, or a list of words. */
export function extractCommand(tree: Tree | undefined, place: Placement): Extracted {
  if (isScalar(tree)) return inside(tree, (text) => extractScript(text, place));
  return extractWords(scalarsOf(tree), place);
}

/** Lines for a shell, or lists of words, one after the other. */
export function extractCommands(list: Tree | undefined, place: Placement): Extracted[] {
  return itemsOf(list).map(({ value }) => extractCommand(value, place));
}

export function extractWords(words: readonly TreeScalar[], place: Placement): Extracted {
  if (words.length === 0) return nothingExtracted;
  const args: Argument[] = words.map(({ content }) => ({ text: content.text, map: (offset) => content.span(offset, offset + 1).start }));
  return extractArguments(args, { ...place, inner: (path, content) => extractWrittenFile(path, content, place) });
}

/** Undefined for what is no base64, or not of text. */
export function decodedBase64(text: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(atob(text.replace(/\s/g, '')), (character) => character.charCodeAt(0)));
  } catch {
    return undefined;
  }
}
