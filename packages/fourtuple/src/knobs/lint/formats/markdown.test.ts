import { describe, expect, it } from 'vitest';
import { nothingExtracted } from '../statement.ts';
import { blocksOf } from './markdown-blocks.ts';
import { extractMarkdown, findMarkdownCommands, pickPlain } from './markdown.ts';

/** Group, setting, and its key and value as they stand. */
const read = (text: string, prose = false): string[] =>
  extractMarkdown(text, 'x.md', pickPlain, { prose }).statements.map(({ group, key, value, keySpan, valueSpan, flaw }) => {
    expect([key, text.slice(keySpan.start, keySpan.end).replaceAll('/', '.')]).toEqual([key, key]);
    expect(text.slice(valueSpan?.start, valueSpan?.end)).toBe(value);
    return `${group}: ${key}=${value ?? '?'}${flaw === undefined ? '' : ` (${flaw})`}`;
  });

describe('extractMarkdown', () => {
  it.each([
    ['```sh\nsysctl -w net.a.b=1\n```\n', ['shell at line 1: net.a.b=1']],
    ['x\n~~~~ bash title="x"\n```\nsysctl -w net.a.b=1\n~~~\n~~~~\nsysctl -w net.a.b=2', ['shell at line 2: net.a.b=1']],
    ['1. Do:\n\n   ```console\n   $ sudo sysctl -w net.a.b=1\n   net.a.b = 1\n   ```', ['shell at line 3: net.a.b=1']],
    ['- ```sh\n  sysctl -w net.a.b=1 \\\n    net.a.c=2\n  ```', ['shell at line 1: net.a.b=1', 'shell at line 1: net.a.c=2']],
    ['> ```sh\n> sysctl -w net.a.b=1\n> ```', ['shell at line 1: net.a.b=1']],
    ['```sh\r\nsysctl -w net.a.b=1\r\n```\r\n', ['shell at line 1: net.a.b=1']],
    ['```ini\n# /etc/sysctl.conf\nnet.ipv4.x = 1\nx = 2\n```', ['sysctl at line 1: net.ipv4.x=1']],
    ['```\nnet.ipv4.x = 1\n```\n\n```text\nnet.ipv4.x = 2\n```', ['sysctl at line 1: net.ipv4.x=1', 'sysctl at line 5: net.ipv4.x=2']],
    ['```sh\n# in /etc/sysctl.conf\nnet.ipv4.x = 1\n\nsysctl -p\n```', ['sysctl at line 1: net.ipv4.x=1']],
    ['```{.bash .x}\nsysctl -w net.a.b=1', ['shell at line 1: net.a.b=1']],
    ['Text:\n\n    sysctl -w net.a.b=1\n\ttrue\n\nText', ['shell at line 2: net.a.b=1']],
    ['```console\n$ cat <<X | sudo tee /etc/sysctl.d/x.conf\nnet.a.b = 1\nX\nnet.a.b = 1\n$ true\n```', ['shell at line 1: net.a.b=1']],
    ["```console\nroot@web:~# true\nbash: can't\nroot@web:~# sysctl -w net.a.b=1\n```", ['shell at line 1: net.a.b=1']],
  ])('%j', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it.each([
    'sysctl -w net.a.b=1',
    'Use `sysctl -w net.a.b=1`.',
    '```python\nsysctl -w net.a.b=1\n```',
    '```sh\nsysctl net.ipv4.x\nnet.ipv4.x = 1\n```',
    '```sh net.a.b=1``` sysctl -w net.a.b=1',
    'a\n    sysctl -w net.a.b=1',
    '```',
    '',
  ])('%j sets nothing', (text) => {
    expect(read(text)).toEqual([]);
  });

  it('asks for the language, and gives the code without its indentation', () => {
    const asked: string[][] = [];
    const pick = (language: string, content: string): typeof nothingExtracted => {
      asked.push([language, content]);
      return { ...nothingExtracted, ports: [{ group: '', port: 1, span: { start: 3, end: 4 } }] };
    };
    const text = '* ```YAML\n  a: |\n     1\n\n  b\n  ```\n\n    x: 1';
    expect(extractMarkdown(text, 'x.md', pick).ports.map(({ group, span }) => [group, span.start])).toEqual([['x.md at line 1', text.indexOf('|')], ['x.md at line 7', text.length - 1]]);
    expect(asked).toEqual([['yaml', 'a: |\n   1\n\nb\n'], ['', 'x: 1']]);
  });
});

describe('prose', () => {
  it.each([
    ['Set it:\nsysctl -w net.a.b=1\nand so on', ['x.md at line 2: net.a.b=1']],
    ['- sudo sysctl -w net.a.b=1\n2. `sysctl -w net.a.c=1`\n> $ sysctl -w net.a.d=1', ['x.md at line 1: net.a.b=1', 'x.md at line 1: net.a.c=1', 'x.md at line 1: net.a.d=1']],
    ['sysctl net.ipv4.x = 1024 65535', ['x.md at line 1: net.ipv4.x=1024 65535 (blanks-around-equals)']],
    ['# Bad\nnet.ipv4.x = 1\n# Good\nnet.ipv4.x = 2', ['x.md at line 1: net.ipv4.x=1', 'x.md at line 4: net.ipv4.x=2']],
    ['net.ipv4.x = 1\n\nnet.ipv4.y = 2', ['x.md at line 1: net.ipv4.x=1', 'x.md at line 3: net.ipv4.y=2']],
    ['sysctl -w \\\n  net.a.b=1 \\\n  net.a.c=2\nnet.a.d = 3', ['x.md at line 1: net.a.b=1', 'x.md at line 1: net.a.c=2', 'x.md at line 1: net.a.d=3']],
    ['echo "1024 65535" > /proc/sys/net/ipv4/x', ['x.md at line 1: net.ipv4.x=1024 65535']],
    ['docker run --sysctl net.a.b=1 nginx', ['x.md/docker run:1 at line 1: net.a.b=1']],
    ['```sh\nsysctl -w net.a.b=1\n```\nsysctl -w net.a.b=2', ['shell at line 1: net.a.b=1', 'x.md at line 4: net.a.b=2']],
  ])('%j', (text, expected) => {
    expect(read(text, true)).toEqual(expected);
  });

  it.each(['sysctl is a program', 'net.ipv4.x = 1 means that', 'net.ipv4.x', 'Run sysctl -w net.a.b=1', 'cat pictures > /proc/sys/net/x', 'echo chambers', 'ip addresses add up', '```python\nnet.ipv4.x = 1\n```'])('%j is text', (text) => {
    expect(read(text, true)).toEqual([]);
  });

  it('reads comments above, and behind', () => {
    const text = 'Text\n# One\n# two\nsysctl -w net.a.b=1 # three\nsysctl -w net.a.c=1';
    expect(extractMarkdown(text, 'x.md', pickPlain, { prose: true }).statements.map(({ comment }) => comment)).toEqual(['One two three', '']);
  });
});

describe('findMarkdownCommands', () => {
  it('finds those of blocks and of prose', () => {
    const text = 'Look:\nss -tulnp\ncat /proc/net/tcp | wc -l # count\n```sh\nsudo netstat -an\n```\n```python\nss -t\n```\n- ip addr add 192.0.2.1/24 dev eth0\n  nc localhost 8080 &\nss is a program';
    expect(findMarkdownCommands(text).map(({ name, line, isPiped, span }) => [line, name, isPiped, text.slice(span.start, span.end)])).toEqual([
      [2, 'ss', false, 'ss -tulnp'],
      [3, 'cat', false, 'cat /proc/net/tcp'],
      [3, 'wc', true, 'wc -l'],
      [5, 'netstat', false, 'sudo netstat -an'],
      [10, 'ip', false, 'ip addr add 192.0.2.1/24 dev eth0'],
      [11, 'nc', false, 'nc localhost 8080'],
    ]);
  });
});

describe('blocksOf', () => {
  it('knows their lines', () => {
    expect(blocksOf('a\n```sh\nb\n```\n\n    c\n    d\ne\n~~~\nf').map(({ language, line, lastLine, content }) => [language, line, lastLine, content.text])).toEqual([
      ['sh', 2, 4, 'b\n'],
      ['', 5, 7, 'c\nd\n'],
      ['', 9, 10, 'f'],
    ]);
  });
});
