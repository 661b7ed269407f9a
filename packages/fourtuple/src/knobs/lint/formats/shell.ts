import { CommentsAbove, withoutMarks } from './comment-lines.ts';
import { Braces } from './shell-braces.ts';
import { containerRun } from './container-run.ts';
import { EXPANSION, CookedBuilder, type CookedText } from './cooked-text.ts';
import { withSpans } from './embedded.ts';
import { lineStarts, placeOf } from './line-starts.ts';
import { shellLines, type ShellCommand, type ShellLine } from './shell-commands.ts';
import { invocationOf, type Invocation } from './shell-invocation.ts';
import { inputOf, outputOf } from './shell-output.ts';
import { keyOfFile, sysctlCall, type WrittenSetting } from './shell-statements.ts';
import { ShellWords, type ShellRedirection, type ShellWord, type Splitter } from './shell-words.ts';
import { extractSysctlFile } from './sysctl-file.ts';
import { unitCommands } from './unit-commands.ts';
import type { CommandFlaw, Extracted, Means, NamedPort, Reach, Span, Statement, TextProblem } from '../statement.ts';

/** Where the settings of a script end. */
export interface ShellOptions {
  readonly group: string;
  readonly reach: Reach;
  readonly sharesHostNetwork?: boolean;
  /** Reads what a script writes into another file, or gives to a program: a here-document of `kubectl apply`. Named by the file, or by the program. */
  readonly inner?: (path: string, content: string) => Extracted;
}

/** A word of a command that needs no shell to split it: an item of `command:` of a container. */
export interface Argument {
  readonly text: string;
  /** From an offset in the text to that of the same character in the file. */
  readonly map: (offset: number) => number;
}

/** A simple command, without `sudo` and others before it. */
export interface FoundCommand {
  /** Without its folder. */
  readonly name: string;
  /** Without their quotes; variables as they are written. */
  readonly args: readonly string[];
  readonly span: Span;
  /** From 1. */
  readonly line: number;
  /** True if it reads what the command before it prints. */
  readonly isPiped: boolean;
}

/**
 * What a script of a POSIX shell or bash sets: with sysctl, with a redirection or tee into /proc/sys, in files of sysctl.d that it writes, and
 * for the containers that it starts. Each of these has its own group, and so has each network namespace that a command is run in.
 * Reads any text. Functions, loops and conditions are not followed: each command counts once.
 * @param commentsOf the text in which comments are looked for, where lines of the script were taken out of a larger one; its offsets are the same
 */
export function extractShell(text: string, options: ShellOptions, splitter: Splitter = 'shell', commentsOf = text): Extracted {
  const sink = new Sink(text);
  new Scene(text, options, sink, commentsOf).read(splitter);
  return sink.extracted();
}

/** What a command of separate words sets: `["sh", "-c", "sysctl -w …"]`. */
export function extractArguments(args: readonly Argument[], options: ShellOptions): Extracted {
  const sink = new Sink('');
  const starts: number[] = [];
  let length = 0;
  const words = args.map(({ text }): ShellWord => {
    const start = length;
    starts.push(start);
    length += text.length + 1;
    return { kind: 'word', isBare: false, text: withoutTemplates(text, start), start, end: start + text.length };
  });
  const there = (offset: number): number => {
    const index = placeOf(starts, offset).line - 1;
    return args[index]?.map(offset - (starts[index] ?? 0)) ?? 0;
  };
  const scene = new Scene(args.map(({ text }) => text).join('\n'), options, sink, '', {
    toOuter: ({ start, end }) => ({ start: there(start), end: Math.max(there(start), end > start ? there(end - 1) + 1 : 0) }),
    lineOf: () => 1,
  });
  if (words.length > 0) scene.run({ words, redirections: [], source: undefined, start: 0, end: Math.max(0, length - 1) });
  return sink.extracted();
}

/** Every simple command of a script, those in scripts within it included: `sudo sh -c '…'`, `$(…)`. */
export function findCommands(text: string): FoundCommand[] {
  const sink = new Sink(text);
  new Scene(text, { group: '', reach: 'host' }, sink).read('shell');
  return sink.commands;
}

class Sink {
  /** The given text. */
  readonly text: string;
  readonly statements: Statement[] = [];
  readonly ports: NamedPort[] = [];
  readonly problems: TextProblem[] = [];
  readonly commands: FoundCommand[] = [];

  constructor(text: string) {
    this.text = text;
  }

  take({ statements, ports, problems }: Extracted): void {
    for (const statement of statements) this.statements.push(statement);
    for (const port of ports) this.ports.push(port);
    for (const problem of problems) this.problems.push(problem);
  }

  extracted(): Extracted {
    return { statements: this.statements, ports: this.ports, problems: this.problems };
  }
}

/** Where a text that is read stands in the one that was given. */
interface Outer {
  readonly toOuter: (span: Span) => Span;
  /** From 1, in the given text. */
  readonly lineOf: (offset: number) => number;
  /** For statements without a comment of their own. */
  readonly comment?: string;
  readonly depth?: number;
}

const NO_COMMENTS: ReadonlyMap<number, string> = new Map();

/** Scripts within scripts that are read. */
const DEEPEST = 6;

const OUTPUTS: ReadonlySet<string> = new Set(['>', '>>', '>|', '&>', '&>>', '>&']);

/** A script, and whose settings its commands write. */
class Scene {
  readonly #text: string;
  readonly #options: ShellOptions;
  readonly #sink: Sink;
  readonly #outer: Outer;
  readonly #starts: readonly number[];
  readonly #above: CommentsAbove;
  readonly #braces = new Braces();
  /** Comments behind commands, by line. */
  #behind: ReadonlyMap<number, string> = NO_COMMENTS;

  constructor(text: string, options: ShellOptions, sink: Sink, commentsOf = text, outer?: Outer) {
    this.#text = text;
    this.#options = options;
    this.#sink = sink;
    this.#starts = lineStarts(text);
    this.#above = new CommentsAbove(commentsOf, this.#starts);
    this.#outer = outer ?? { toOuter: (span) => span, lineOf: (offset) => placeOf(this.#starts, offset).line };
  }

  read(splitter: Splitter): void {
    this.#readPart(this.#text, 0, splitter, this.#outer.depth ?? 0);
  }

  /** @param base of the part in the text */
  #readPart(part: string, base: number, splitter: Splitter, depth: number): void {
    const reader = new ShellWords(part, base, splitter);
    for (const line of shellLines(reader)) {
      if (depth < DEEPEST) {
        for (const { start, end } of reader.substitutions) this.#readPart(part.slice(start, end), base + start, 'shell', depth + 1);
      }
      reader.substitutions.length = 0;
      this.#behind = this.#commentsBehind(line);
      for (const command of line.commands) this.run(command, depth);
    }
  }

  run(command: ShellCommand, depth = this.#outer.depth ?? 0): void {
    this.#braces.opened(command);
    const invocation = invocationOf(command.words);
    if (invocation === undefined) return;
    const start = startOf(command, invocation);
    const own = start === command.start ? command : { ...command, start };
    this.#sink.commands.push(this.#found(own, invocation));
    this.#runInvocation(own, invocation, this.#optionsAt(invocation), depth);
    this.#readOutputs(own, invocation, depth);
  }

  #runInvocation(command: ShellCommand, invocation: Invocation, options: ShellOptions, depth: number): void {
    const script = invocation.script === 'stdin' ? inputOf(command) : invocation.script;
    if (script !== undefined) return this.#readInner(script, options, command, depth);
    if (invocation.name === 'sysctl') {
      const { settings, setsOnly, readsInput } = sysctlCall(invocation);
      for (const setting of settings) this.#emit(options, setting, 'command', command, setsOnly && settings.length === 1 ? command : setting.span);
      const input = readsInput ? inputOf(command) : undefined;
      if (input !== undefined) this.#readSettings(input, '/dev/stdin', options, command, undefined);
      return;
    }
    const container = containerRun(invocation);
    if (container === undefined) return;
    const { name, settings, ports, sharesHostNetwork } = container;
    const inside: ShellOptions = { ...options, group: this.#placeGroup(options.group, `${name}:${this.#outer.lineOf(command.start)}`), reach: 'container', sharesHostNetwork };
    for (const setting of settings) this.#emit(inside, setting, 'field', command, setting.span);
    for (const { port, span } of ports) this.#sink.ports.push({ group: inside.group, port, span: this.#outer.toOuter(span) });
    const within = invocationOf(container.command);
    if (within !== undefined && depth < DEEPEST) this.#runInvocation({ ...command, words: container.command, start: within.first.start }, within, inside, depth + 1);
  }

  /** Files that the shell opens for a command, and those that tee does. */
  #readOutputs(command: ShellCommand, invocation: Invocation, depth: number): void {
    if (command.redirections.length === 0 && invocation.name !== 'tee' && invocation.name !== '}' && !this.#braces.areOpen) return;
    const files = command.redirections.filter(({ operator, descriptor }) => OUTPUTS.has(operator) && (descriptor === '' || descriptor === '1'));
    const output = invocation.name === '}' ? this.#braces.closed(command) : outputOf(command, invocation);
    if (files.length === 0 && output !== undefined) this.#braces.add(output);
    for (const { target } of files) {
      if (target !== undefined && !/^\d*$/.test(target.text.text)) this.#write(target, output, this.#options, command, invocation.isRaised ? 'redirected-by-shell' : undefined, depth);
    }
    if (invocation.name === 'tee') {
      const input = inputOf(command) ?? this.#braces.outputOf(command.source);
      for (const file of invocation.args.filter(({ text }) => !text.text.startsWith('-'))) this.#write(file, input, this.#optionsAt(invocation), command, undefined, depth);
    } else if (files.length === 0) this.#readDocument(command, invocation);
  }

  #write(file: ShellWord, content: CookedText | undefined, options: ShellOptions, command: ShellCommand, flaw: CommandFlaw | undefined, depth: number): void {
    const key = keyOfFile(file.text);
    if (key !== undefined) {
      const span = { start: sourceOf(command).start, end: command.end };
      const value = content?.trimmed();
      this.#sink.statements.push(this.#statement(options, { ...key, value, flaw }, 'redirection', command, span));
      return;
    }
    if (content === undefined) return;
    const written = this.#text.slice(file.start, file.end);
    if (/sysctl(?:\.d\/|\.conf)/.test(written) || (!file.text.isLiteral && /sysctl/i.test(written))) this.#readSettings(content, written, options, command, flaw);
    else if (/^#!.*sh\b/.test(content.text.slice(0, 100))) this.#readInner(content, options, command, depth);
    else if (file.text.text.endsWith('.service')) this.#take(extractShell(unitCommands(content.text), { group: 'unit', reach: 'host' }, 'systemd', content.text), content);
    else if (this.#options.inner !== undefined && content.text.includes('\n')) this.#take(this.#options.inner(file.text.text.replaceAll(EXPANSION, 'x'), content.text), content);
  }

  /** A here-document that a program reads. */
  #readDocument(command: ShellCommand, { name, script }: Invocation): void {
    const document = command.redirections.findLast(({ body }: ShellRedirection) => body !== undefined)?.body;
    if (document !== undefined && script === undefined && name !== 'cat' && name !== 'sysctl') this.#take(this.#options.inner?.(name, document.text), document);
  }

  #take(found: Extracted | undefined, text: CookedText): void {
    if (found !== undefined) this.#sink.take(withSpans(found, ({ start, end }) => this.#outer.toOuter(text.span(start, end))));
  }

  /** A file of settings that the script writes; one setting alone is taken back with the command that writes it. */
  #readSettings(content: CookedText, path: string, { group, reach, sharesHostNetwork = false }: ShellOptions, command: ShellCommand, flaw: CommandFlaw | undefined): void {
    const { statements } = extractSysctlFile(content.text, path, { group, reach });
    const whole = { start: sourceOf(command).start, end: command.end };
    for (const one of statements) {
      const place = content.span(one.keySpan.start, one.keySpan.end);
      const isAlone = statements.length === 1 && whole.start <= place.start && place.end <= whole.end && !content.text.trim().includes('\n');
      const span = isAlone ? whole : content.span(one.span.start, one.span.end);
      this.#sink.statements.push({
        ...one,
        sharesHostNetwork,
        keySpan: this.#outer.toOuter(place),
        valueSpan: one.valueSpan && this.#outer.toOuter(content.span(one.valueSpan.start, one.valueSpan.end)),
        span: this.#outer.toOuter(span),
        comment: one.comment === '' ? this.#commentOf(place, place) : one.comment,
        ...(flaw === undefined ? {} : { flaw }),
      });
    }
  }

  #readInner(script: CookedText, options: ShellOptions, command: ShellCommand, depth: number): void {
    if (depth >= DEEPEST) return;
    const { toOuter, lineOf } = this.#outer;
    const outer = {
      toOuter: ({ start, end }: Span): Span => toOuter(script.span(start, end)),
      lineOf: (offset: number): number => lineOf(script.span(offset, offset + 1).start),
      comment: this.#commentOf(command, command),
      depth: depth + 1,
    };
    new Scene(script.text, options, this.#sink, script.text, outer).read('shell');
  }

  #emit(options: ShellOptions, { key, keyText, value, span, flaw }: WrittenSetting, means: Means, command: ShellCommand, whole: Span): void {
    this.#sink.statements.push(this.#statement(options, { key, keyText, value, flaw }, means, { start: command.start, end: span.end }, whole));
  }

  #statement({ group, reach, sharesHostNetwork = false }: ShellOptions, { key, keyText, value, flaw }: Pick<WrittenSetting, 'key' | 'keyText' | 'flaw'> & { readonly value: CookedText | undefined }, means: Means, place: Span, whole: Span): Statement {
    return {
      group,
      reach,
      sharesHostNetwork,
      means,
      key,
      keySpan: this.#outer.toOuter(keyText.span()),
      value: value?.isLiteral === true ? value.text : undefined,
      valueSpan: value && this.#outer.toOuter(value.span()),
      span: this.#outer.toOuter({ start: whole.start, end: whole.end }),
      comment: this.#commentOf({ start: place.start, end: place.start }, place),
      ...(flaw === undefined ? {} : { flaw }),
    };
  }

  /** The comment above where a command starts, and that behind it on its line. */
  #commentOf({ start }: Span, { end }: Span): string {
    const behind = this.#behind.get(placeOf(this.#starts, Math.max(start, end - 1)).line) ?? '';
    const found = [this.#above.of(start), behind].filter((comment) => comment !== '').join(' ');
    return found === '' ? (this.#outer.comment ?? '') : found;
  }

  #commentsBehind({ commands, comments }: ShellLine): ReadonlyMap<number, string> {
    if (commands.length === 0 || comments.length === 0) return NO_COMMENTS;
    return new Map(comments.map(({ start, end }) => [placeOf(this.#starts, start).line, withoutMarks(this.#text.slice(start, end))]));
  }

  #optionsAt({ place, isOfInit }: Invocation): ShellOptions {
    const { group, reach } = this.#options;
    if (isOfInit) return { ...this.#options, group: this.#placeGroup(group, place), reach: reach === 'pod' ? 'node' : reach === 'container' ? 'host' : reach };
    return place === '' ? this.#options : { ...this.#options, group: this.#placeGroup(group, place) };
  }

  #placeGroup(group: string, place: string): string {
    return group === '' ? place : `${group}/${place}`;
  }

  #found(command: ShellCommand, { name, args }: Invocation): FoundCommand {
    return {
      name,
      args: args.map(({ text, start, end }) => {
        if (text.isLiteral) return text.text;
        const written = this.#outer.toOuter({ start, end });
        return this.#sink.text.slice(written.start, written.end);
      }),
      span: this.#outer.toOuter({ start: command.start, end: command.end }),
      line: this.#outer.lineOf(command.start),
      isPiped: command.source !== undefined,
    };
  }
}

/** Where a command starts, without what is no part of it; a redirection may stand before its words. */
function startOf({ words, start }: ShellCommand, { first }: Invocation): number {
  return start === words[0]?.start ? first.start : start;
}

/** The first command of a pipeline. */
function sourceOf(command: ShellCommand): ShellCommand {
  let first = command;
  while (first.source !== undefined) first = first.source;
  return first;
}

/** A word that no shell reads, but that a template or a container runtime may fill in. */
function withoutTemplates(text: string, start: number): CookedText {
  const builder = new CookedBuilder(start);
  let done = 0;
  for (const { 0: template, index } of text.matchAll(/\{\{[^{}\n]{0,400}\}\}|\$\([A-Za-z_]\w*\)|\$\{[A-Za-z_]\w*\}/g)) {
    builder.add(text.slice(done, index), start + done);
    builder.add(EXPANSION, start + index, start + index + template.length);
    done = index + template.length;
  }
  builder.add(text.slice(done), start + done);
  return builder.done();
}
