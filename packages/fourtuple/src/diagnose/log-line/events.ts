/** What journald, syslog, containers and process managers write before the line of a program. */
const PREFIXES: readonly RegExp[] = [
  // Nov 25 09:56:25 host app[812]: …   and   2026-11-25T09:56:25.123+00:00 host app[812]: …
  /^(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:?\d\d)) \S{1,64} [^\s:[\]]{1,64}(?:\[\d{1,10}\])?: ?/,
  // CRI: 2026-11-25T09:56:25.123456789Z stderr F …
  /^\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:?\d\d) (?:stdout|stderr) [FP] /,
  /^\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:?\d\d) (?=\s|[^\s[])/,
  // docker compose: web-1  | …   and   pm2: 0|app  | …
  /^(?:\d{1,4}\|)?[\w.-]{1,64}\s{0,32}\| ?/,
  /^\[\s{0,8}\d{1,10}\.\d{6}\] /,
  // The json-file driver of Docker.
  /^\{"log":"/,
];

/** Continues the event of the line before it: a frame of a stack, a field of a dumped object, a cause. */
const CONTINUATION = /^(?:\s+\S|[}\])]|Caused by: |Suppressed: |\.\.\. \d{1,5} |errno: |code: |syscall: |address: |port: )/;

/** A Python error that came of the one before it: the first is the cause, the others add nothing. */
const CHAINED = /^(?:During handling of the above exception|The above exception was the direct cause)/;

const TRACEBACK = /Traceback \(most recent call last\)/;

const MAX_LINES = 80;
const MAX_LENGTH = 16_384;
const KEPT_FRAMES = 8;

/** Lines of a log that tell of one failure. */
export interface LogEvent {
  readonly text: string;
  /** The line that showed it first. */
  readonly line: string;
  readonly lineNumber: number;
}

/** Puts the lines of a log together to events: a stack trace of forty lines is one failure, not forty. */
export class EventAssembler {
  readonly #shows: (line: string) => boolean;
  #number = 0;
  #open: { parts: string[]; length: number; line: string; lineNumber: number; chained: boolean } | undefined;
  /** Frames of a Python traceback, which come before the error that they are of. */
  #frames: string[] | undefined;

  /** @param shows whether a line tells of a failure. */
  constructor(shows: (line: string) => boolean) {
    this.#shows = shows;
  }

  get lines(): number {
    return this.#number;
  }

  /** @returns the event before this line, when the line does not continue it. */
  add(line: string): LogEvent | undefined {
    this.#number++;
    const body = withoutPrefix(line);
    if (this.#open !== undefined) {
      if (this.#continues(body)) return undefined;
    } else if (this.#keepFrame(body)) {
      return undefined;
    }
    const before = this.end();
    if (this.#keepFrame(body)) return before;
    const frames = this.#frames ?? [];
    this.#frames = undefined;
    if (this.#shows(line)) this.#open = { parts: [...frames, line], length: line.length, line, lineNumber: this.#number, chained: false };
    return before;
  }

  /** @returns the event that is still open at the end of the log. */
  end(): LogEvent | undefined {
    const open = this.#open;
    this.#open = undefined;
    return open === undefined ? undefined : { text: open.parts.join('\n'), line: open.line, lineNumber: open.lineNumber };
  }

  /** Takes a line to the open event, where it belongs to it. */
  #continues(body: string): boolean {
    const open = this.#open;
    if (open === undefined) return false;
    if (body.trim() === '') return true;
    if (CHAINED.test(body)) {
      open.chained = true;
      return true;
    }
    if (open.chained) {
      open.chained = TRACEBACK.test(body) || /^\s/.test(body);
      return true;
    }
    if (!CONTINUATION.test(body)) return false;
    this.#append(body);
    return true;
  }

  #append(body: string): void {
    const open = this.#open;
    if (open === undefined || open.parts.length >= MAX_LINES || open.length + body.length > MAX_LENGTH) return;
    open.parts.push(body);
    open.length += body.length;
  }

  /** True for a line of a traceback whose error is still to come. */
  #keepFrame(body: string): boolean {
    if (TRACEBACK.test(body)) {
      this.#frames = [];
      return true;
    }
    if (this.#frames === undefined || !/^\s+\S/.test(body)) return false;
    this.#frames.push(body.slice(0, 400));
    if (this.#frames.length > KEPT_FRAMES) this.#frames.shift();
    return true;
  }
}

/** A line without what the way of the log put before it; its own indentation stays. */
export function withoutPrefix(line: string): string {
  for (const prefix of PREFIXES) {
    const found = prefix.exec(line);
    if (found !== null) return line.slice(found[0].length);
  }
  return line;
}
