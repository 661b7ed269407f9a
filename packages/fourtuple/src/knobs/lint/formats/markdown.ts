import { CommentsAbove } from './comment-lines.ts';
import { withSpans, joined } from './embedded.ts';
import { looksLikeSysctlFile } from './format-of.ts';
import { lineStarts } from './line-starts.ts';
import { blocksOf, type CodeBlock } from './markdown-blocks.ts';
import { proseLines, type ProseLine } from './markdown-prose.ts';
import { isSysctlKey } from './settings.ts';
import { extractShell, findCommands, type FoundCommand } from './shell.ts';
import { extractSysctlFile } from './sysctl-file.ts';
import { nothingExtracted, type Extracted } from '../statement.ts';

/** Reads the code of a block. @param language in small letters, as behind its fence; empty without one */
export type Pick = (language: string, content: string) => Extracted;

export interface MarkdownOptions {
  /** Reads lines outside of code blocks as well that are a command or a setting by themselves. */
  readonly prose?: boolean;
}

const SHELL_LANGUAGES: ReadonlySet<string> = new Set(['sh', 'bash', 'shell', 'console', 'zsh', 'ash', 'ksh', 'terminal', 'shell-session', 'shellsession', 'sh-session', 'bash-session', 'command', 'cmd']);
const SETTING_LANGUAGES: ReadonlySet<string> = new Set(['sysctl', 'conf', 'ini', 'cfg', 'config', 'properties', 'toml', 'unixconfig', 'sysctl.conf']);
const PLAIN_LANGUAGES: ReadonlySet<string> = new Set(['', 'text', 'txt', 'plain', 'plaintext', 'none']);

/**
 * The settings in the code blocks of a Markdown text, each block a group of its own: documents show alternatives side by side, and what is
 * wrong first. In prose, lines that follow each other are a group, up to the first that sets a key again.
 */
export function extractMarkdown(text: string, path: string, pick: Pick, { prose = false }: MarkdownOptions = {}): Extracted {
  const blocks = blocksOf(text);
  const found = blocks.map(({ language, content, line }) => {
    const inner = pick(language, content.text);
    return withSpans(inner, ({ start, end }) => content.span(start, end), (group) => `${group === '' ? path : group} at line ${line}`);
  });
  return joined(prose ? [...found, extractProse(text, path, blocks)] : found);
}

/** Reads blocks of a shell, of settings, and of no named language; nothing of others. */
export function pickPlain(language: string, content: string): Extracted {
  if (SETTING_LANGUAGES.has(language)) return settingsIn(content);
  if (!SHELL_LANGUAGES.has(language) && !PLAIN_LANGUAGES.has(language)) return nothingExtracted;
  const script = withoutOutput(content);
  const written = extractShell(script, { group: 'shell', reach: 'host' });
  if (written.statements.length > 0 || !looksLikeSysctlFile(content)) return written;
  // What sysctl prints is no setting.
  const prints = findCommands(script).some(({ name, args }) => name === 'sysctl' && !args.some((arg) => /^(?:-[a-z]*p|--load|--system)/.test(arg)));
  return prints ? nothingExtracted : settingsIn(content);
}

/** The commands of all blocks that may be of a shell, and of lines of prose that are commands. Lines count in the text. */
export function findMarkdownCommands(text: string): FoundCommand[] {
  const blocks = blocksOf(text);
  const inBlocks = blocks.flatMap(({ language, content, line }) => {
    if (!SHELL_LANGUAGES.has(language) && !PLAIN_LANGUAGES.has(language)) return [];
    return findCommands(withoutOutput(content.text)).map((command) => ({ ...command, span: content.span(command.span.start, command.span.end), line: line + command.line }));
  });
  const inProse = proseLines(text, blocks).flatMap(({ kind, start, content, line }) =>
    kind === 'command' ? findCommands(content).map((command) => ({ ...command, span: { start: command.span.start + start, end: command.span.end + start }, line: line + command.line - 1 })) : [],
  );
  return [...inBlocks, ...inProse].sort((one, other) => one.span.start - other.span.start);
}

const PROMPT = /^[ \t]*\$[ \t]|^\S{1,80}@\S{1,80}[#$%][ \t]/;

/** What was typed in a terminal, with blanks for what was printed; all of a text without prompts. */
function withoutOutput(content: string): string {
  const lines = content.split('\n');
  if (!lines.some((line) => PROMPT.test(line))) return content;
  let follows: 'nothing' | 'a line' | 'a document' = 'nothing';
  return lines
    .map((line) => {
      const isTyped = PROMPT.test(line) || follows !== 'nothing' || /^[ \t]*#/.test(line);
      if (PROMPT.test(line)) follows = line.includes('<<') ? 'a document' : 'nothing';
      if (follows !== 'a document') follows = isTyped && /\\\r?$/.test(line) ? 'a line' : 'nothing';
      return isTyped ? line : ' '.repeat(line.length);
    })
    .join('\n');
}

function settingsIn(content: string): Extracted {
  const found = extractSysctlFile(content, '');
  return { ...found, statements: found.statements.filter(({ key }) => isSysctlKey(key)) };
}

function extractProse(text: string, path: string, blocks: readonly CodeBlock[]): Extracted {
  const above = new CommentsAbove(text, lineStarts(text));
  const found: Extracted[] = [];
  let keys = new Set<string>();
  let first = 0;
  let last = -1;
  for (const line of proseLines(text, blocks)) {
    if (line.line !== last + 1) {
      keys = new Set();
      first = line.line;
    }
    last = line.lastLine;
    if (line.kind === 'comment') continue;
    const inner = extractLine(line);
    if (inner.statements.some(({ key }) => keys.has(key))) {
      keys = new Set();
      first = line.line;
    }
    for (const { key } of inner.statements) keys.add(key);
    const group = first;
    const placed = withSpans(inner, ({ start, end }) => ({ start: start + line.start, end: end + line.start }), (name) => `${name === '' ? path : `${path}/${name}`} at line ${group}`);
    const comment = above.of(line.start);
    found.push({ ...placed, statements: placed.statements.map((one) => ({ ...one, comment: [comment, one.comment].filter((part) => part !== '').join(' ') })) });
  }
  return joined(found);
}

function extractLine({ kind, content }: ProseLine): Extracted {
  return kind === 'setting' ? extractSysctlFile(content, '', { group: '' }) : extractShell(content, { group: '', reach: 'host' });
}
