import { dottedKey, isPattern } from '../../files/key.ts';
import type { Extracted, Reach, Statement } from '../statement.ts';
import { withoutMarks } from './comment-lines.ts';
import { isTemplate } from './templates.ts';

export interface IniOptions {
  readonly group: string;
  readonly reach: Reach;
}

const SECTION = /^[ \t]*\[([^\]]*)\]/;
const SETTING = /^([ \t]*)([^=#;[\s][^=\s]*)([ \t]*=[ \t]*)([<>]?[ \t]*)(.*)$/s;

interface Section {
  isOfSysctl: boolean;
  readonly statements: Statement[];
}

/**
 * The settings of a profile of tuned: those of the section `[sysctl]`, and of others with `type=sysctl`. `KEY=>VALUE` only raises what is there,
 * and `KEY=<VALUE` only lowers it; a comment may follow a value.
 */
export function extractIni(text: string, { group, reach }: IniOptions): Extracted {
  const sections: Section[] = [];
  let section: Section | undefined;
  let comments: string[] = [];
  let start = 0;
  for (const line of text.split('\n')) {
    const header = SECTION.exec(line)?.[1];
    if (header !== undefined) sections.push((section = { isOfSysctl: header.trim() === 'sysctl', statements: [] }));
    const found = header === undefined ? SETTING.exec(line) : null;
    if (found !== null && section !== undefined) {
      const [, indent = '', key = '', equals = '', operator = '', rest = ''] = found;
      if (key === 'type' && rest.trim() === 'sysctl') section.isOfSysctl = true;
      const statement = /[./]/.test(key) && !isPattern(key) && !isTemplate(key) ? settingAt(start + indent.length, key, equals.length, operator, rest) : undefined;
      if (statement !== undefined) section.statements.push({ ...statement, group, reach, comment: [...comments, statement.comment].filter((one) => one !== '').join(' ') });
    }
    if (/^[ \t]*[#;]/.test(line)) comments.push(withoutMarks(line));
    else comments = [];
    start += line.length + 1;
  }
  return { statements: sections.flatMap(({ isOfSysctl, statements }) => (isOfSysctl ? statements : [])), ports: [], problems: [] };
}

function settingAt(start: number, key: string, equals: number, operator: string, rest: string): Omit<Statement, 'group' | 'reach'> {
  const keyEnd = start + key.length;
  const comment = /(?:^|[ \t])#.*$/s.exec(rest);
  const written = (comment === null ? rest : rest.slice(0, comment.index)).trimEnd();
  const quotes = /^(["'])(.*)\1$/.exec(written);
  const value = quotes?.[2] ?? written;
  const valueStart = keyEnd + equals + operator.length + (quotes === null ? 0 : 1);
  return {
    sharesHostNetwork: false,
    means: 'field',
    key: dottedKey(key),
    keySpan: { start, end: keyEnd },
    value: isTemplate(value) ? undefined : value,
    valueSpan: { start: valueStart, end: valueStart + value.length },
    span: { start, end: keyEnd + equals + operator.length + written.length },
    comment: comment === null ? '' : withoutMarks(comment[0]),
    ...(operator.startsWith('>') ? { bound: 'at-least' as const } : operator.startsWith('<') ? { bound: 'at-most' as const } : {}),
  };
}
