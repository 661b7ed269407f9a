/** Longer ones are not templates, but text in which two braces stand. */
const LONGEST = 2000;

const DEEPEST = 8;

/**
 * A text of the same length and with the same lines, without templates: Go's and Jinja's (`{{ }}`, `{% %}`) and what shells and Terraform fill in
 * (`${ }`). A line of nothing but templates is blank; elsewhere letters stand for them.
 */
export function masked(text: string): string {
  if (!/\{[{%]|\$\{/.test(text)) return text;
  const parts: string[] = [];
  let done = 0;
  for (let open = nextOpen(text, 0); open >= 0; open = nextOpen(text, Math.max(done, open + 2))) {
    const end = closeOf(text, open);
    if (end === undefined) continue;
    parts.push(text.slice(done, open), text.slice(open, end).replace(/[^\r\n]/g, text.charAt(open) === '$' ? '\ufffe' : '\uffff'));
    done = end;
  }
  parts.push(text.slice(done));
  const lines = parts.join('').split('\n').map((line) => (line.includes('\uffff') && /^[ \t\r\uffff]*$/.test(line) ? line.replaceAll('\uffff', ' ') : line));
  return lines.join('\n').replace(/[\ufffe\uffff]/g, 'T');
}

/** No value of a sysctl has any of these: somebody fills them in. */
export function isTemplate(text: string): boolean {
  return /\{\{|\{%|\$|<%|\uffff/.test(text);
}

function nextOpen(text: string, from: number): number {
  for (let at = text.indexOf('{', from); at >= 0; at = text.indexOf('{', at + 1)) {
    const next = text.charAt(at + 1);
    if (next === '{' || next === '%') return at;
    if (at > 0 && at > from && text.charAt(at - 1) === '$') return at - 1;
  }
  return -1;
}

/** Behind what ends a template; undefined for none. */
function closeOf(text: string, open: number): number | undefined {
  const part = text.slice(open, open + LONGEST);
  if (part.startsWith('${')) {
    let depth = 0;
    for (const { 0: brace, index } of part.matchAll(/[{}]/g)) {
      depth += brace === '{' ? 1 : -1;
      if (depth === 0) return open + index + 1;
      if (depth > DEEPEST) return undefined;
    }
    return undefined;
  }
  const end = part.indexOf(part.startsWith('{%') ? '%}' : '}}', 2);
  return end < 0 ? undefined : open + end + 2;
}
