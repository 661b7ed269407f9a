const COMMAND = /^[ \t]*Exec(?:Start|StartPre|StartPost|Condition|Reload|Stop|StopPost)[ \t]*=[ \t]*[-@:+!|]*/;

/** A unit of systemd with blanks for all that is no command: offsets stay. */
export function unitCommands(text: string): string {
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
