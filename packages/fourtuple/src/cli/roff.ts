const TEXT_WIDTH = 76;

/** Running text for man(7), broken at blanks; nothing of it is taken for a request. */
export function roffText(text: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length >= TEXT_WIDTH) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].map((one) => guarded(escaped(one).replaceAll(/(^|[\s"'([])(-{1,2}[\w-]+)/g, (_, before: string, flag: string) => before + flag.replaceAll('-', '\\-')))).join('\n');
}

/** What is to be typed: no character may turn into a typographic one. */
export function roffLiteral(text: string): string {
  return guarded(escaped(text).replaceAll('-', '\\-').replaceAll("'", '\\(aq').replaceAll('`', '\\(ga').replaceAll('^', '\\(ha').replaceAll('~', '\\(ti'));
}

/** In quotes for a macro: blanks do not part it. */
export function roffArgument(text: string): string {
  return `"${roffLiteral(text).replaceAll('"', '\\(dq')}"`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll(/[^\t\n -~]/gu, (character) => `\\[u${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`);
}

function guarded(line: string): string {
  return /^[.']/.test(line) ? `\\&${line}` : line;
}
