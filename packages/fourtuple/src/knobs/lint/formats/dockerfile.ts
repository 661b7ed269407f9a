import { extractShell } from './shell.ts';
import type { Extracted, Reach } from '../statement.ts';

export interface DockerfileOptions {
  /** `image` without it. */
  readonly group?: string;
  /** `container` without it. */
  readonly reach?: Reach;
}

const COMMAND = /^[ \t]*(?:ONBUILD[ \t]+)?(?:RUN|CMD|ENTRYPOINT|HEALTHCHECK[ \t]+(?:--\S+[ \t]+)*CMD)\b(?:[ \t]+--(?:mount|network|security)=\S+)*/i;
const HERE_DOCUMENT = /<<-?["']?([A-Za-z_]\w*)/;

/** What the commands of a Dockerfile set while the image is built, or as the container starts. */
export function extractDockerfile(text: string, { group = 'image', reach = 'container' }: DockerfileOptions = {}): Extracted {
  return extractShell(commandsOnly(text), { group, reach }, 'shell', text);
}

/** The same text with blanks for all that is no command. */
function commandsOnly(text: string): string {
  let isContinued = false;
  let isCommand = false;
  let document: { readonly mark: string; readonly isScript: boolean } | undefined;
  const lines = text.split('\n').map((line) => {
    if (document !== undefined) {
      const isEnd = line.trim() === document.mark;
      const kept = isEnd && document.isScript ? ' '.repeat(line.length) : line;
      if (isEnd) document = undefined;
      return kept;
    }
    // A comment between continuation lines is left out.
    if (isContinued && /^[ \t]*#/.test(line)) return isCommand ? `${' '.repeat(line.length - 1)}\\` : ' '.repeat(line.length);
    const begins = isContinued ? '' : COMMAND.exec(line)?.[0];
    if (!isContinued) isCommand = begins !== undefined;
    isContinued = /\\[ \t\r]*$/.test(line) || (isContinued && line.trim() === '');
    if (!isCommand || begins === undefined) return ' '.repeat(line.length);
    const command = line.slice(begins.length);
    const mark = isContinued ? undefined : HERE_DOCUMENT.exec(command)?.[1];
    // Alone, it is the script itself.
    if (mark !== undefined) document = { mark, isScript: command.trim().startsWith('<<') };
    return ' '.repeat(begins.length) + (document?.isScript === true ? ' '.repeat(command.length) : wordsOf(command));
  });
  return lines.join('\n');
}

/** `["sh", "-c", "…"]` as words with quotes. */
function wordsOf(command: string): string {
  if (!/^[ \t]*\[[ \t]*".*\][ \t\r]*$/s.test(command)) return command;
  return command.replace(/"(?:[^"\\]|\\.)*"|[[\],]/g, (part) => (part.startsWith('"') ? part : ' '));
}
