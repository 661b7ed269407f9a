/**
 * What is wrong with a line, seen without the host: whether a key exists or its value is taken is for others to say.
 * procps warns of `malformed`, `repeated-separator` and `leaves-proc-sys` only; the kernel refuses or misreads the rest.
 */
export type SysctlProblem =
  | 'malformed'
  | 'cut-at-nul'
  | 'too-short'
  | 'empty-key'
  | 'blank-after-dash'
  | 'unprintable-key'
  | 'absolute-path'
  | 'repeated-separator'
  | 'leaves-proc-sys'
  | 'pattern-of-exclusion'
  | 'comment-in-value'
  | 'quoted-value'
  | 'longer-than-a-page';

const texts: Readonly<Record<SysctlProblem, string>> = {
  malformed: 'neither "key = value" nor "-key": the line is left out',
  'cut-at-nul': 'a NUL byte ends the line: what follows it is not read',
  'too-short': 'a line of one character at the end of the file, or before a NUL byte, is left out without a word',
  'empty-key': 'nothing stands before the "=": nothing is set',
  'blank-after-dash': 'a blank follows the "-" and becomes part of the key: nothing is set',
  'unprintable-key': 'the key has characters that no key has, such as a byte order mark: nothing is set',
  'absolute-path': 'keys are relative to /proc/sys: nothing is set',
  'repeated-separator': 'separators are repeated: a pattern no longer passes by this key',
  'leaves-proc-sys': 'the key leaves /proc/sys: nothing is set',
  'pattern-of-exclusion': 'an exclusion with a pattern excludes nothing before procps 4.0.5: name each key',
  'comment-in-value': 'a comment has a line of its own: here it is part of the value',
  'quoted-value': 'the quotes are part of the value: the kernel takes no number in quotes',
  'longer-than-a-page': 'the kernel reads the first 4,095 bytes of a list, and says nothing of the rest',
};

/** One sentence for people, without a full stop. */
export function sysctlProblemText(problem: SysctlProblem): string {
  return texts[problem];
}
