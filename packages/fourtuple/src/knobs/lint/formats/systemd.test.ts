import { describe, expect, it } from 'vitest';
import { extractSystemdUnit } from './systemd.ts';

const read = (text: string): unknown[] => extractSystemdUnit(text).statements.map(({ key, value, keySpan, comment, flaw }) => [`${key}=${value ?? '?'}`, text.slice(keySpan.start, keySpan.end), comment, ...(flaw === undefined ? [] : [flaw])]);

describe('extractSystemdUnit', () => {
  it.each([
    ['[Service]\nExecStart=/sbin/sysctl -w a.b=1\n', [['a.b=1', 'a.b', '']]],
    ['# why\nExecStartPre = -+/sbin/sysctl -q -w "a.b=1 2"\r\nExecStart=/bin/x', [['a.b=1 2', 'a.b', 'why']]],
    ['ExecStart=/sbin/sysctl -w a.b=1 2', [['a.b=1', 'a.b', '', 'value-not-quoted']]],
    ['ExecStart=/bin/sh -c "echo 1 > /proc/sys/a/b; sysctl -w c.d=2"', [['a.b=1', 'a/b', ''], ['c.d=2', 'c.d', '']]],
    ['ExecStart=/sbin/sysctl -w a.b=1 ; /sbin/sysctl -w c.d=2', [['a.b=1', 'a.b', ''], ['c.d=2', 'c.d', '']]],
    ['ExecStart=/sbin/sysctl -w \\\n  a.b=1 \\\n# between\n  c.d=2', [['a.b=1', 'a.b', ''], ['c.d=2', 'c.d', '']]],
    ['ExecStopPost=/sbin/sysctl -w a.b=%i c.d=$X e.f=${X}', [['a.b=?', 'a.b', ''], ['c.d=?', 'c.d', ''], ['e.f=?', 'e.f', '']]],
    ['ExecStart=/bin/bash -c \'sysctl -w a.b="1 2" && x\'', [['a.b=1 2', 'a.b', '']]],
  ])('%j', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it.each(['#ExecStart=/sbin/sysctl -w a.b=1', 'ExecStart=/bin/echo 1 > /proc/sys/a/b', 'Description=sysctl -w a.b=1', 'X-ExecStart=sysctl -w a.b=1', '; ExecStart=sysctl -w a.b=1 \\\nExecStop=x', ''])('%j sets nothing', (text) => {
    expect(read(text)).toEqual([]);
  });

  it('takes a group and a reach', () => {
    expect(extractSystemdUnit('ExecStart=sysctl -w a.b=1', { group: 'x', reach: 'node' }).statements).toMatchObject([{ group: 'x', reach: 'node' }]);
  });
});
