import { extractShell } from './shell.ts';
import type { Extracted, Reach } from '../statement.ts';

export interface UnitOptions {
  /** `unit` without it. */
  readonly group?: string;
  /** `host` without it. */
  readonly reach?: Reach;
}

const COMMAND = /^[ \t]*Exec(?:Start|StartPre|StartPost|Condition|Reload|Stop|StopPost)[ \t]*=[ \t]*[-@:+!|]*/;

/**
 * What the commands of a unit of systemd set. No shell reads them: there are no pipes and redirections but in `sh -c '…'`.
 */
export function extractSystemdUnit(text: string, { group = 'unit', reach = 'host' }: UnitOptions = {}): Extracted {
  return extractShell(commandsOnly(text), { group, reach }, 'systemd', text);
}

/** The same text with blanks for all that is no command. */
function commandsOnly(text: string): string {
  let isContinued = false;
  let isCommand = false;
  const lines = text.split('\n').map((line) => {
    const isComment = /^[ \t]*[#;]/.test(line);
    // A comment between continuation lines is left out.
    if (isComment && isContinued) return isCommand ? `${' '.repeat(Math.max(0, line.length - 1))}\\` : ' '.repeat(line.length);
    const begins = isContinued ? '' : (COMMAND.exec(line)?.[0] ?? undefined);
    if (!isContinued) isCommand = begins !== undefined;
    isContinued = /\\\r?$/.test(line);
    return isCommand ? ' '.repeat(begins?.length ?? 0) + line.slice(begins?.length ?? 0) : ' '.repeat(line.length);
  });
  return lines.join('\n');
}
