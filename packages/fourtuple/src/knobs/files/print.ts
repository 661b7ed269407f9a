import type { SysctlFile, SysctlLine } from './line.ts';

/** A file's text in the plainest form that means the same: `key = value`; comments and malformed lines as they are. */
export function printSysctlFile({ lines }: SysctlFile): string {
  return lines.map((line) => `${printLine(line)}\n`).join('');
}

function printLine(line: SysctlLine): string {
  switch (line.kind) {
    case 'blank':
      return '';
    case 'comment':
    case 'malformed':
      return line.text;
    case 'exclusion':
      // A dash alone excludes the newline behind it.
      return `-${line.key === '\n' ? '' : line.key}`;
    case 'setting':
      return `${line.ignoreFailure ? '-' : ''}${line.key}${line.key === '' ? '' : ' '}= ${line.value}`;
  }
}
