import { extract } from '../lint/formats/detect.ts';
import { lineStarts, placeOf } from '../lint/formats/line-starts.ts';
import { findCommands } from '../lint/formats/shell.ts';
import type { Claim, ClaimLine, Verdict } from './claim.ts';
import { portClaims } from './ports.ts';
import { programClaims } from './programs.ts';
import { settingClaims } from './settings.ts';

/** Every claim that is known; of a subject the first that fits counts. */
export const claims: readonly Claim[] = [...settingClaims, ...portClaims, ...programClaims];

/** A claim that a text makes. Lines and columns from 1. */
export interface JudgedClaim {
  readonly claim: string;
  readonly subject: string;
  readonly verdict: Verdict;
  readonly truth: string;
  readonly source: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The line, without blanks around it. */
  readonly text: string;
}

/** Longer lines are no prose. */
const LONGEST = 2000;

/** What a text says of ports and settings, line by line, and whether it is so. Text of any kind; Markdown is read as such. */
export function judgeClaims(text: string, file: string): JudgedClaim[] {
  const lines = text.split('\n');
  const starts = lineStarts(text);
  const settings = new Map<number, { key: string; value: string | undefined; onlyReads: boolean; comment: string }[]>();
  for (const { key, keySpan, value, flaw, comment } of extract('text.md', text, { prose: true }).statements) {
    const { line } = placeOf(starts, keySpan.start);
    let there = settings.get(line);
    if (there === undefined) settings.set(line, (there = []));
    there.push({ key, value, onlyReads: flaw === 'blanks-around-equals', comment });
  }
  return lines.flatMap((raw, index): JudgedClaim[] => {
    if (raw.length > LONGEST) return [];
    const made = settings.get(index + 1) ?? [];
    const comment = made.map((one) => one.comment).join(' ').trim();
    const line: ClaimLine = { text: raw, context: comment === '' ? `${made.length === 0 ? '' : (lines[index - 1] ?? '')} ${made.length === 0 ? (lines[index + 1] ?? '').slice(0, 200) : ''}`.trim() : comment, settings: made, commands: commandsOf(raw) };
    return judgeLine(line).map(({ claim, column }) => ({ claim: claim.id, subject: claim.subject, verdict: claim.verdict, truth: claim.truth, source: claim.source, file, line: index + 1, column, text: raw.trim() }));
  });
}

function judgeLine(line: ClaimLine): { claim: Claim; column: number }[] {
  const found: { claim: Claim; column: number; end: number }[] = [];
  for (const claim of claims) {
    const at = claim.find(line);
    if (at === undefined) continue;
    const [start, end] = [Math.max(0, at[0]), at[1]];
    // A subject is judged once a line, and words that a claim is about are not another one's.
    if (found.some((one) => one.claim.subject === claim.subject || (start < one.end && end > one.column - 1))) continue;
    found.push({ claim, column: start + 1, end });
  }
  return found.sort((one, other) => one.column - other.column);
}

/** Programs that a line runs, in prose too: `$ ss -tan`, `nc localhost 8080 &`. */
function commandsOf(text: string): { name: string; args: readonly string[] }[] {
  if (!/\b(?:ss|netstat|nc|ncat|netcat|ip)\b/.test(text)) return [];
  const bare = text.replace(/^\s*(?:[-*]\s+|\d+\.\s+)?`?(?:\$\s+|#\s+(?=(?:ss|netstat|nc|ip)\s))?/, '').replace(/`.*$/, '');
  return findCommands(bare).map(({ name, args }) => ({ name: name.slice(name.lastIndexOf('/') + 1), args }));
}
