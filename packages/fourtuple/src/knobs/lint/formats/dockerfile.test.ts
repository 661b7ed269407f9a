import { describe, expect, it } from 'vitest';
import { extractDockerfile } from './dockerfile.ts';

const read = (text: string): unknown[] => extractDockerfile(text).statements.map(({ key, value, keySpan, comment, reach, means }) => [`${key}=${value ?? '?'}`, text.slice(keySpan.start, keySpan.end), comment, reach, means]);

describe('extractDockerfile', () => {
  it.each([
    ['FROM x\n# why\nRUN sysctl -w a.b=1\n', [['a.b=1', 'a.b', 'why', 'container', 'command']]],
    ['run --mount=type=cache,target=/x set -e; \\\n  # between\n  sysctl -w a.b=1 && \\\n\n  echo c.d=2 >> /etc/sysctl.conf', [['a.b=1', 'a.b', 'between', 'container', 'command'], ['c.d=2', 'c.d', '', 'container', 'sysctl-file']]],
    ['RUN ["sysctl", "-w", "a.b=1 2"]', [['a.b=1 2', 'a.b', '', 'container', 'command']]],
    ['CMD ["sh", "-c", "sysctl -w a.b=\\"1\\" && x"]', [['a.b=1', 'a.b', '', 'container', 'command']]],
    ['ENTRYPOINT sysctl -w a.b=1 && exec x\r\n', [['a.b=1', 'a.b', '', 'container', 'command']]],
    ['RUN <<EOF\nset -e\nsysctl -w a.b=1\nEOF\nRUN sysctl -w c.d=1', [['a.b=1', 'a.b', '', 'container', 'command'], ['c.d=1', 'c.d', '', 'container', 'command']]],
    ['RUN cat > /etc/sysctl.d/x.conf <<EOF\na.b = 1\nEOF\nRUN sysctl -w c.d=1', [['a.b=1', 'a.b', '', 'container', 'sysctl-file'], ['c.d=1', 'c.d', '', 'container', 'command']]],
  ])('%j', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it.each(['EXPOSE 80', '# RUN sysctl -w a.b=1', 'LABEL x="RUN sysctl -w a.b=1"', 'LABEL x \\\n  RUN sysctl -w a.b=1', 'RUNsysctl -w a.b=1', 'COPY sysctl -w a.b=1', ''])('%j sets nothing', (text) => {
    expect(read(text)).toEqual([]);
  });
});
