import { describe, expect, it } from 'vitest';
import { extractIni } from './ini.ts';

const read = (text: string): unknown[] =>
  extractIni(text, { group: 'g', reach: 'host' }).statements.map(({ key, value, keySpan, valueSpan, span, comment, bound }) => [key, value, text.slice(keySpan.start, keySpan.end), valueSpan && text.slice(valueSpan.start, valueSpan.end), text.slice(span.start, span.end), comment, ...(bound === undefined ? [] : [bound])]);

describe('extractIni', () => {
  it.each([
    ['[sysctl]\nnet.core.somaxconn = 2048\n', ['net.core.somaxconn', '2048', 'net.core.somaxconn', '2048', 'net.core.somaxconn = 2048', '']],
    ['[sysctl]\r\nnet.core.somaxconn=2048 \r\n', ['net.core.somaxconn', '2048', 'net.core.somaxconn', '2048', 'net.core.somaxconn=2048', '']],
    ['[sysctl]\n# one\n; two\nnet/ipv4/ip_local_port_range="1024 65535" # three', ['net.ipv4.ip_local_port_range', '1024 65535', 'net/ipv4/ip_local_port_range', '1024 65535', 'net/ipv4/ip_local_port_range="1024 65535"', 'one two three']],
    ['[sysctl]\nfs.file-max=>131072', ['fs.file-max', '131072', 'fs.file-max', '131072', 'fs.file-max=>131072', '', 'at-least']],
    ['[sysctl]\nfs.file-max = < 131072', ['fs.file-max', '131072', 'fs.file-max', '131072', 'fs.file-max = < 131072', '', 'at-most']],
    ['[sysctl]\nnet.core.somaxconn = ${size}', ['net.core.somaxconn', undefined, 'net.core.somaxconn', '${size}', 'net.core.somaxconn = ${size}', '']],
    ['[more]\nnet.core.somaxconn = 1\ntype=sysctl\n[vm]\nx.y=1', ['net.core.somaxconn', '1', 'net.core.somaxconn', '1', 'net.core.somaxconn = 1', '']],
    ['[sysctl]\nx.y =\n', ['x.y', '', 'x.y', '', 'x.y =', '']],
  ])('%j', (text, expected) => {
    expect(read(text)).toEqual([expected]);
  });

  it.each(['', 'net.core.somaxconn=1', '[main]\nnet.core.somaxconn=1', '[sysctl]\n#net.core.somaxconn=1', '[sysctl]\nreplace=1', '[sysctl]\nnet.*.x=1', '[sysctl]\n=1', '[sysctl]\nx.y', '[sysctl]\n${a}.b=1', '[sysctl]\nx.y z=1'])('%j has none', (text) => {
    expect(read(text)).toEqual([]);
  });
});
