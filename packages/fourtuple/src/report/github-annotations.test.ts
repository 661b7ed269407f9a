import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { githubAnnotation, type GithubAnnotation } from './github-annotations.ts';

const annotation: GithubAnnotation = { level: 'warning', file: 'etc/sysctl.conf', line: 3, endLine: 3, column: 32, endColumn: 42, title: 'range-without-reserved', message: 'no port is reserved' };

/** As the runner reads it. */
function parsed(text: string): { command: string; properties: Record<string, string>; message: string } {
  const [, command, properties, message] = /^::(\w+) (.*?)::(.*)$/s.exec(text)!;
  const unescaped = (value: string): string => value.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%3A', ':').replaceAll('%2C', ',').replaceAll('%25', '%');
  const entries = properties!.split(',').map((property) => [property.slice(0, property.indexOf('=')), unescaped(property.slice(property.indexOf('=') + 1))] as const);
  return { command: command!, properties: Object.fromEntries(entries), message: message!.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%') };
}

describe('githubAnnotation', () => {
  it('is a workflow command', () => {
    expect(githubAnnotation(annotation)).toBe('::warning file=etc/sysctl.conf,line=3,endLine=3,col=32,endColumn=42,title=range-without-reserved::no port is reserved');
  });

  it.each([
    ['error', '::error '],
    ['warning', '::warning '],
    ['note', '::notice '],
  ] as const)('%s begins with %s', (level, start) => {
    expect(githubAnnotation({ ...annotation, level }).startsWith(start)).toBe(true);
  });

  it('has no columns for several lines', () => {
    expect(githubAnnotation({ ...annotation, endLine: 5 })).toBe('::warning file=etc/sysctl.conf,line=3,endLine=5,title=range-without-reserved::no port is reserved');
  });

  it('escapes what would end a property, and only line ends and % in the message', () => {
    expect(githubAnnotation({ ...annotation, file: 'a:b,c%d', title: 'x, y: z', message: '100 %, a: b\r\nnext' })).toBe(
      '::warning file=a%3Ab%2Cc%25d,line=3,endLine=3,col=32,endColumn=42,title=x%2C y%3A z::100 %25, a: b%0D%0Anext',
    );
  });

  it('is one line that can be read back, whatever it is given', () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('%', '%0A', '2', '5', ':', ',', '\r', '\n', '=', 'x') }));
    fc.assert(
      fc.property(text, text, text, (file, title, message) => {
        const line = githubAnnotation({ ...annotation, file, title, message });
        expect(line).not.toMatch(/[\r\n]/);
        expect(parsed(line)).toEqual({ command: 'warning', properties: { file, line: '3', endLine: '3', col: '32', endColumn: '42', title }, message });
      }),
    );
  });
});
