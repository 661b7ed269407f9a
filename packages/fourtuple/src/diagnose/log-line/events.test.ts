import { describe, expect, it } from 'vitest';
import { EventAssembler, withoutPrefix, type LogEvent } from './events.ts';

function eventsOf(...lines: readonly string[]): readonly LogEvent[] {
  const assembler = new EventAssembler((line) => line.includes('fails'));
  return [...lines.map((line) => assembler.add(line)), assembler.end()].filter((event) => event !== undefined);
}

describe('EventAssembler', () => {
  it('puts a stack trace to its error', () => {
    expect(eventsOf('ok', 'Error: it fails', '    at a', '    at b {', '  code: 1', '}', 'ok')).toEqual([{ text: 'Error: it fails\n    at a\n    at b {\n  code: 1\n}', line: 'Error: it fails', lineNumber: 2 }]);
  });

  it('puts the frames of a traceback before its error', () => {
    const [event] = eventsOf('Traceback (most recent call last):', '  File "x.py", line 1', '    s.bind(a)', 'OSError: it fails', 'ok');
    expect(event).toEqual({ text: '  File "x.py", line 1\n    s.bind(a)\nOSError: it fails', line: 'OSError: it fails', lineNumber: 4 });
  });

  it('keeps the last frames only of a long traceback', () => {
    const frames = Array.from({ length: 50 }, (_, index) => `  frame ${index}`);
    const [event] = eventsOf('Traceback (most recent call last):', ...frames, 'OSError: it fails');
    expect(event?.text.split('\n')).toHaveLength(9);
    expect(event?.text).toContain('frame 49');
  });

  it('forgets a traceback of something else', () => {
    const [event] = eventsOf('Traceback (most recent call last):', '    s.bind(a)', 'ValueError: other', 'this fails');
    expect(event?.text).toBe('this fails');
  });

  it('sees indentation behind the prefix of a journal, a container and a process manager', () => {
    for (const prefix of ['Nov 25 09:56:25 host app[812]: ', '2026-11-25T09:56:25.123+00:00 host app[812]: ', '2026-11-25T09:56:25.123456789Z stderr F ', 'web-1  | ', '0|app  | ', '{"log":"']) {
      const [event, none] = eventsOf(`${prefix}Error: it fails`, `${prefix}    at a`, `${prefix}done`);
      expect(event?.text).toBe(`${prefix}Error: it fails\n    at a`);
      expect(none).toBeUndefined();
    }
  });

  it('takes the errors that came of an error to it: Python chains them', () => {
    const events = eventsOf('Traceback (most recent call last):', '    s.connect(a)', 'OSError: it fails', '', 'During handling of the above exception, another exception occurred:', '', 'Traceback (most recent call last):', '    do()', 'URLError: <it fails>', 'and this fails');
    expect(events.map(({ text }) => text)).toEqual(['    s.connect(a)\nOSError: it fails', 'and this fails']);
  });

  it('is bounded: an event without an end does not grow for ever', () => {
    const assembler = new EventAssembler(() => true);
    assembler.add('Error');
    for (let index = 0; index < 100_000; index++) assembler.add('    at somewhere in the code');
    expect(assembler.end()?.text.length).toBeLessThan(20_000);
    expect(assembler.lines).toBe(100_001);
  });
});

it.each([
  ['Nov 25 09:56:25 host app[812]: text', 'text'],
  ['Nov 25 09:56:25 host app[812]:   text', '  text'],
  ['<11>Nov 25 09:56:25 host app: text', 'text'],
  ['2026-11-25T09:56:25.123456+00:00 host kernel: text', 'text'],
  ['2026-11-25T09:56:25.123456789Z stdout F text', 'text'],
  ['web-1  | text', 'text'],
  ['[12345.678901] text', 'text'],
  ['    at a', '    at a'],
  ['text', 'text'],
])('withoutPrefix(%j)', (line, body) => {
  expect(withoutPrefix(line)).toBe(body);
});
