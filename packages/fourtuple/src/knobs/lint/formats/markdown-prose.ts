import type { CodeBlock } from './markdown-blocks.ts';

/** A line outside of code blocks that is something by itself. */
export interface ProseLine {
  readonly kind: 'command' | 'setting' | 'comment';
  /** Without marks of lists and quotes, and backticks around all of it. */
  readonly content: string;
  /** The offset of the content. */
  readonly start: number;
  /** From 1. */
  readonly line: number;
  /** Where its last continuation line is. */
  readonly lastLine: number;
}

/** Blanks, quotes, one mark of a list, and a backtick before code. */
const BEFORE = /^[ \t>]*(?:(?:[-*+]|\d{1,3}[.)])[ \t]+)?/;
const COMMENT = /^(?:#+|\/\/)[ \t]*\S/;
const SETTING = /^(?:net|fs|kernel|vm)[./][\w./*-]+[ \t]*=[ \t]*(?:-?\d[\d\s,-]*|"[^"]*"|[\w.-]+)?[ \t]*(?:#.*)?$/s;

/** What a line begins with that is a command, and no sentence about one. */
const COMMANDS: readonly RegExp[] = [
  /^sysctl[ \t]+(?:-|['"]?[a-z]+[./]\w)/,
  /^(?:ss|netstat|lsof|conntrack)[ \t]+-/,
  /^cat[ \t]+\/\S/,
  /^(?:nc|ncat|netcat)[ \t]+(?:-|\S+[ \t]+\d)/,
  /^ip(?:[ \t]+-\S+)*[ \t]+(?:a|addr|address|link|l|route|r|rule|netns|neigh)[ \t]+(?:add|del|delete|show|list|ls|set|replace|exec|flush|get)\b/,
  /^(?:echo|printf)[ \t].*(?:>|\|[ \t]*(?:sudo[ \t]+)?tee\b).*\/(?:proc\/sys\/|etc\/sysctl)/,
  /^(?:docker|podman|nerdctl)[ \t]+(?:container[ \t]+|service[ \t]+|pod[ \t]+)?(?:run|create|exec)[ \t]+-/,
  /^(?:ulimit|modprobe|iptables|tee)[ \t]+[-/]/,
];
const RUNNERS = /^(?:[$%][ \t]+)?(?:(?:sudo|doas)(?:[ \t]+-\S+)*[ \t]+)?(?:\/(?:usr\/)?s?bin\/)?/;

/** A longer line is text. */
const LONGEST = 4000;

/** Lines that are commands, settings or comments; all others are left out. */
export function proseLines(text: string, blocks: readonly CodeBlock[]): ProseLine[] {
  const lines = text.split('\n');
  const found: ProseLine[] = [];
  let block = 0;
  let offset = 0;
  for (let index = 0; index < lines.length; index++) {
    const lineStart = offset;
    offset += lines[index]!.length + 1;
    while ((blocks[block]?.lastLine ?? Infinity) <= index) block++;
    if (isInside(blocks[block], index + 1)) continue;
    if (lines[index]!.length > LONGEST) continue;
    const { content, skipped } = bareLine(lines[index]!);
    const kind = kindOf(content);
    if (kind === undefined) continue;
    const first = index;
    let whole = content;
    if (kind === 'command') {
      while (whole.endsWith('\\') && index + 1 < lines.length && whole.length < LONGEST) {
        index++;
        offset += lines[index]!.length + 1;
        whole = text.slice(lineStart + skipped, offset - 1).trimEnd();
      }
    }
    found.push({ kind, content: whole, start: lineStart + skipped, line: first + 1, lastLine: index + 1 });
  }
  return found;
}

function isInside(block: CodeBlock | undefined, line: number): boolean {
  return block !== undefined && block.line <= line && line <= block.lastLine;
}

function bareLine(line: string): { readonly content: string; readonly skipped: number } {
  const before = BEFORE.exec(line)?.[0].length ?? 0;
  const rest = line.slice(before).trimEnd();
  const isCode = /^`[^`]+`$/.test(rest);
  return isCode ? { content: rest.slice(1, -1), skipped: before + 1 } : { content: rest, skipped: before };
}

function kindOf(content: string): ProseLine['kind'] | undefined {
  if (COMMENT.test(content)) return 'comment';
  if (SETTING.test(content)) return 'setting';
  const command = content.slice(RUNNERS.exec(content)?.[0].length ?? 0);
  return COMMANDS.some((pattern) => pattern.test(command)) ? 'command' : undefined;
}
