import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Extracted, Span } from '../statement.ts';
import { extractDockerfile } from './dockerfile.ts';
import { extractIni } from './ini.ts';
import { extractMarkdown, findMarkdownCommands, pickPlain } from './markdown.ts';
import { extractArguments, extractShell, findCommands } from './shell.ts';
import { extractSysctlFile, sysctlFileProblems } from './sysctl-file.ts';
import { extractSystemdUnit } from './systemd.ts';

const READERS: readonly (readonly [string, (text: string) => Extracted])[] = [
  ['shell', (text) => extractShell(text, { group: 'g', reach: 'host', inner: (_, content) => extractSysctlFile(content, '') })],
  ['arguments', (text) => extractArguments(argumentsOf(text), { group: 'g', reach: 'pod' })],
  ['systemd', (text) => extractSystemdUnit(text)],
  ['dockerfile', (text) => extractDockerfile(text)],
  ['ini', (text) => extractIni(text, { group: 'g', reach: 'host' })],
  ['markdown', (text) => extractMarkdown(text, 'x.md', pickPlain, { prose: true })],
  ['sysctl file', (text) => extractSysctlFile(text, '')],
];

function argumentsOf(text: string): { readonly text: string; readonly map: (offset: number) => number }[] {
  let start = 0;
  return text.split('|').map((word) => {
    const from = start;
    start += word.length + 1;
    return { text: word, map: (offset) => from + offset };
  });
}

/** Pieces of scripts, units, profiles and documents, whole and broken. */
const PIECES = [
  'sysctl', '-w', '-p', 'net.ipv4.tcp_tw_reuse', '=', '1', '1024', '65535', 'echo', '-e', 'printf', '%s', 'tee', 'cat', 'sudo', 'sh', '-c', 'docker', 'run', '--sysctl', '-p 80:80', 'ip netns exec x', 'nsenter -t 1', 'ssh h', 'eval', 'kubectl exec x --', '/proc/sys/', '/etc/sysctl.conf', '> ', '>>', '<<X', "<<-'X'", '<<<', '\nX\n', '2>', '|', '||', '&', '&&', ';', '(', ')', '{', '}', '#', '`',
  '"', "'", '$', '$(', '${', '$((', "$'", '\\', '\\\n', '\r\n', '\n', ' ', '\t', '{{', '}}', '{%', '%}', '<%', '%>', '<x>', '*', '?', '[', ']', '~', '```', '```sh\n', '~~~', '    ', '- ', '> ', '# x', 'RUN ', 'CMD ["sh",', 'ExecStart=', '[Service]\n', '[sysctl]\n', '=>', 'é', '\0', '\ufeff', '\uffff', '\u{1f600}', '\ud800', '\u2028',
];
const texts = fc.oneof(fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((parts) => parts.join('')), fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }).map((parts) => parts.join(' ')), fc.string({ unit: 'binary', maxLength: 300 }));

const SCRIPTS = [
  `# Range\nsudo sysctl -w net.ipv4.ip_local_port_range="1024 65535" # wide\n`,
  `cat > /etc/sysctl.d/x.conf <<'EOF'\nnet.ipv4.tcp_tw_reuse = 1\nEOF\nsysctl --system\n`,
  `for i in a b; do sudo sh -c "echo 1 > /proc/sys/net/ipv4/$i && echo \\"2\\" | tee /proc/sys/net/ipv4/tcp_tw_reuse"; done\n`,
  'docker run -d -p 127.0.0.1:80:8080/tcp --sysctl net.ipv4.ip_local_port_range=1024 65535 \\\n  nginx sh -c "sysctl -w a.b=$(cat x)"\n',
  '```sh\n$ sysctl -w a.b=1\n```\n\nnet.ipv4.tcp_tw_reuse = 1\n',
  '[sysctl]\nnet.ipv4.x=>1 # y\n[Service]\nExecStart=/bin/sh -c "sysctl -w a.b=%i"\nRUN ["sysctl", "-w", "a.b=1"]\n',
];
/** A script of which something is left out, doubled, or put in. */
const mutated = fc.tuple(fc.constantFrom(...SCRIPTS), fc.constantFrom(...SCRIPTS), fc.array(fc.tuple(fc.nat(), fc.nat(20), fc.constantFrom('', ...PIECES)), { maxLength: 6 })).map(([one, other, edits]) =>
  edits.reduce((text, [at, length, piece]) => text.slice(0, at % (text.length + 1)) + piece + text.slice((at % (text.length + 1)) + length), one + other),
);

function spansOf({ statements, ports, problems }: Extracted): Span[] {
  return [...statements.flatMap(({ keySpan, valueSpan, span }) => [keySpan, span, ...(valueSpan === undefined ? [] : [valueSpan])]), ...ports.map(({ span }) => span), ...problems.map(({ span }) => span)];
}

/** Letters of a name in their order, as quotes and escapes may stand between them. */
function standsIn(key: string, written: string): boolean {
  let at = 0;
  for (const letter of written.split('')) if (letter === key[at] || (/[./]/.test(letter) && /[./]/.test(key[at] ?? ''))) at++;
  return at === key.length;
}

describe.each(READERS)('%s', (_, read) => {
  it.each([['any text', texts], ['broken scripts', mutated]])('takes %s', (__, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (text) => {
        const found = read(text);
        for (const { start, end } of spansOf(found)) expect([start >= 0, start <= end, end <= text.length]).toEqual([true, true, true]);
        for (const { keySpan, key, value } of found.statements) {
          expect(key).not.toMatch(/[*\n\uffff]/);
          expect(value ?? '').not.toContain('\uffff');
          expect(standsIn(key, text.slice(keySpan.start, keySpan.end)) || /\\[0-7x]/.test(text)).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('takes a piece again and again', () => {
    for (const piece of PIECES) {
      const text = piece.repeat(Math.ceil(20_000 / piece.length));
      expect(read(text).statements.length).toBeLessThan(text.length);
    }
  });

  it.each(['{', '"', '$(', '<<X', '`', '\\', '\n', ' ', '*', 'a'])('reads a million times %j', (piece) => {
    expect(read(piece.repeat(1_000_000 / piece.length)).statements).toEqual([]);
  });
});

describe('long texts', () => {
  const lines = ['sysctl -w a.b=1 # x\n', 'echo 1 > /proc/sys/a/b\n', 'echo "a.b=1" | sudo tee -a /etc/sysctl.conf\n', 'cat > /etc/sysctl.d/x.conf <<X\na.b=1\nX\n', 'docker run --sysctl a.b=1 -p 80:80 x; ', 'sh -c "sh -c \'sysctl -w a.b=1\'"\n', '{ echo a.b=1; } > /etc/sysctl.conf\n', 'cat <<X | ', 'sudo sh -c "$(', '# x\n', '$ sysctl -w a.b=1\n', '```\na.b = 1\n', 'a.b = 1\n', 'RUN sysctl -w a.b=1 \\\n', "printf '%s\\n' a.b=1 a.c=2 > /etc/sysctl.conf\n", 'ExecStart=sysctl -w a.b=1\n', '[sysctl]\na.b=>1\n', 'sysctl a.b = 1 ', 'echo <x> {{ y }} '];

  it.each(lines)('%j again and again', (line) => {
    const text = line.repeat(Math.ceil(100_000 / line.length));
    for (const [, read] of READERS) expect(read(text).statements.length).toBeLessThan(text.length);
    expect([findCommands(text).length, findMarkdownCommands(text).length, sysctlFileProblems(text, '').length].every((count) => count < text.length)).toBe(true);
  });
});
