/** Longer lines keep this much of their beginning, and as much of their end: an error stands at either. */
const HALF = 8192;

/** Colours and titles of terminals, also as syslog (#033), JSON (\u001b) and a pager (^[) write the escape. */
const ESCAPES = /(?:\u001b|\\{1,16}(?:u001b|x1b|e)|#033|\^\[)\[[0-9;?]{0,32}[@-~]|\u001b\][^\u0007\u001b]{0,256}(?:\u0007|\u001b\\)/gi;

/** A line as the rules read it: of a sane length, without colours, with the text inside JSON strings as it was. */
export function cleaned(line: string): string {
  let text = line.length > 2 * HALF ? `${line.slice(0, HALF)} … ${line.slice(-HALF)}` : line;
  if (/[\u001b#^\\]/.test(text)) text = text.replace(ESCAPES, '');
  if (text.includes('\\')) text = unescaped(text);
  return text.includes('\r') ? text.replace(/\r+/g, '') : text;
}

/** Strings within strings have one more backslash a level, so each run of them counts as one. */
function unescaped(text: string): string {
  return text
    .replace(/\\{1,16}u00(3[ce]|2[67])/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/\\{1,16}(["'/])/g, '$1')
    .replace(/\\{1,16}[rn]/g, '\n')
    .replace(/\\{1,16}t/g, '\t');
}
