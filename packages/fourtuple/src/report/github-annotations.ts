import type { ReportLevel } from './sarif.ts';

/** What GitHub shows beside a line of a pull request. Lines and columns from 1. */
export interface GithubAnnotation {
  readonly level: ReportLevel;
  /** Relative to the root of the repository. */
  readonly file: string;
  readonly line: number;
  readonly endLine: number;
  readonly column: number;
  readonly endColumn: number;
  readonly title: string;
  readonly message: string;
}

const commands: Readonly<Record<ReportLevel, string>> = { error: 'error', warning: 'warning', note: 'notice' };

/** A workflow command, to be printed as a line of its own. Columns are left out of what has several lines: GitHub takes them of one alone. */
export function githubAnnotation({ level, file, line, endLine, column, endColumn, title, message }: GithubAnnotation): string {
  const columns = line === endLine ? { col: column, endColumn } : {};
  const properties = Object.entries({ file, line, endLine, ...columns, title }).map(([name, value]) => `${name}=${escapedProperty(String(value))}`);
  return `::${commands[level]} ${properties.join(',')}::${escapedMessage(message)}`;
}

function escapedMessage(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapedProperty(text: string): string {
  return escapedMessage(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
