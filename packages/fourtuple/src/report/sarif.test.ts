import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { because } from '../../test/support/because.ts';
import { sarifLog, type SarifResult, type SarifRule } from './sarif.ts';

const SCHEMA = '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json';

const tool = { name: 'fourtuple', version: '0.1.0', informationUri: 'https://fourtuple.example/lint' };

const rules: readonly SarifRule[] = [
  { id: 'range-parity', shortDescription: 'An odd number of ports.', fullDescription: 'One port is left to chance.', helpText: 'Take one port more.', level: 'note' },
  { id: 'tw-recycle-gone', shortDescription: 'No such key.', fullDescription: 'Gone since Linux 4.12.', helpText: 'Take the line out.', helpMarkdown: 'Take the **line** out.', level: 'error' },
];

const region = { startLine: 4, startColumn: 1, endLine: 4, endColumn: 31 };
const result: SarifResult = { ruleId: 'tw-recycle-gone', level: 'error', message: 'the kernel has no such key', file: 'etc/sysctl.d/90-proxy.conf', region };

interface Log {
  readonly runs: readonly [{ readonly tool: { readonly driver: unknown }; readonly columnKind: string; readonly results: readonly Written[] }];
}

interface Written {
  readonly ruleIndex?: number;
  readonly locations: readonly [{ readonly physicalLocation: { readonly artifactLocation: unknown; readonly region: unknown } }];
  readonly partialFingerprints: Readonly<Record<string, string>>;
  readonly fixes?: unknown;
  readonly suppressions?: unknown;
}

/** As a reader of the file has it. */
function written(results: readonly SarifResult[]): Log['runs'][0] {
  return (JSON.parse(JSON.stringify(sarifLog(results, rules, tool))) as Log).runs[0];
}

function uriOf(file: string): unknown {
  return written([{ ...result, file }]).results[0]!.locations[0].physicalLocation.artifactLocation;
}

function fingerprints(results: readonly SarifResult[]): string[] {
  return written(results).results.map(({ partialFingerprints }) => Object.values(partialFingerprints).join());
}

describe('sarifLog', () => {
  it('names the tool and its rules', () => {
    const { driver } = written([]).tool;
    expect(driver).toEqual({
      ...tool,
      rules: [
        { id: 'range-parity', shortDescription: { text: 'An odd number of ports.' }, fullDescription: { text: 'One port is left to chance.' }, help: { text: 'Take one port more.' }, defaultConfiguration: { level: 'note' } },
        { id: 'tw-recycle-gone', shortDescription: { text: 'No such key.' }, fullDescription: { text: 'Gone since Linux 4.12.' }, help: { text: 'Take the line out.', markdown: 'Take the **line** out.' }, defaultConfiguration: { level: 'error' } },
      ],
    });
  });

  it('writes a result', () => {
    const { results, columnKind } = written([result]);
    expect(columnKind).toBe('utf16CodeUnits');
    expect(results).toEqual([
      {
        ruleId: 'tw-recycle-gone',
        ruleIndex: 1,
        level: 'error',
        message: { text: 'the kernel has no such key' },
        locations: [{ physicalLocation: { artifactLocation: { uri: 'etc/sysctl.d/90-proxy.conf', uriBaseId: '%SRCROOT%' }, region } }],
        partialFingerprints: { 'ruleFileText/v1': expect.stringMatching(/^[\da-f]{16}:1$/) as string },
      },
    ]);
  });

  it('leaves the index of a rule out that it is not told of', () => {
    expect(written([{ ...result, ruleId: 'other' }]).results[0]!.ruleIndex).toBeUndefined();
  });

  it('writes what would mend it, and the text that it is about', () => {
    const fixed = written([{ ...result, snippet: 'net.ipv4.tcp_tw_recycle = 1', fixes: [{ description: 'Take the line out.', replacements: [{ region, text: '' }] }] }]).results[0]!;
    expect(fixed.fixes).toEqual([
      {
        description: { text: 'Take the line out.' },
        artifactChanges: [{ artifactLocation: { uri: 'etc/sysctl.d/90-proxy.conf', uriBaseId: '%SRCROOT%' }, replacements: [{ deletedRegion: region, insertedContent: { text: '' } }] }],
      },
    ]);
    expect(fixed.locations[0].physicalLocation.region).toEqual({ ...region, snippet: { text: 'net.ipv4.tcp_tw_recycle = 1' } });
  });

  it('says of every result whether it is suppressed, if it does of one', () => {
    expect(written([result]).results.map(({ suppressions }) => suppressions)).toEqual([undefined]);
    const { results } = written([{ ...result, suppressions: [{ justification: 'a test host' }] }, result]);
    expect(results.map(({ suppressions }) => suppressions)).toEqual([[{ kind: 'inSource', justification: 'a test host' }], []]);
  });

  it.each([
    ['a b/c.conf', 'a%20b/c.conf'],
    ['./x//y.conf', 'x//y.conf'],
    ['../x.conf', '../x.conf'],
    ['c:/100%#?.conf', 'c%3A/100%25%23%3F.conf'],
    ['größe/\ud800.conf', 'gr%C3%B6%C3%9Fe/%EF%BF%BD.conf'],
  ])('%j has the address %s', (file, uri) => {
    expect(uriOf(file)).toEqual({ uri, uriBaseId: '%SRCROOT%' });
  });

  it('writes absolute paths as such', () => {
    expect(uriOf('/etc/sysctl d/x.conf')).toEqual({ uri: 'file:///etc/sysctl%20d/x.conf' });
  });
});

describe('the fingerprint of a result', () => {
  const moved = { startLine: 9, startColumn: 1, endLine: 9, endColumn: 31 };

  it('stays when the result moves', () => {
    expect(fingerprints([{ ...result, region: moved }])).toEqual(fingerprints([result]));
    const named = (place: string): string[] => fingerprints([{ ...result, message: `written over by ${place}` }]);
    expect(named('line 12')).toEqual(named('line 7'));
    expect(named('etc/sysctl.conf:12')).toEqual(named('etc/sysctl.conf:7:3'));
    expect(named('etc/sysctl.conf:12')).not.toEqual(named('etc/other.conf:12'));
  });

  it('goes by the text where there is one, whatever its blanks and the message', () => {
    const first = fingerprints([{ ...result, snippet: 'a = 1' }]);
    expect(fingerprints([{ ...result, snippet: '  a =   1', message: 'in other words', region: moved }])).toEqual(first);
    expect(fingerprints([{ ...result, snippet: 'a = 2' }])).not.toEqual(first);
  });

  it('is another one for another rule, file or message, and for each of those alike', () => {
    const all = fingerprints([result, { ...result, region: moved }, { ...result, ruleId: 'range-parity' }, { ...result, file: 'x' }, { ...result, message: 'x' }]);
    expect(new Set(all).size).toBe(5);
    expect(all[1]).toBe(all[0]!.replace(/1$/, '2'));
  });
});

const validate = validator();
const obstacle = validate === undefined ? `${SCHEMA} is not installed` : undefined;

/** The schema is of draft 4: Ajv wants neither its `id` nor its `$schema`, and all else in it means the same; a pattern of it is none with the flag u. */
function validator(): ((log: unknown) => string[]) | undefined {
  let path: string;
  try {
    path = createRequire(import.meta.url).resolve(SCHEMA);
  } catch {
    return undefined;
  }
  const { id: _id, $schema: _schema, ...schema } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  const isReference = (text: string): boolean => /^(?:[\w\-.~:/?#[\]@!$&'()*+,;=]|%[\dA-F]{2})*$/.test(text);
  const formats = { 'uri-reference': isReference, uri: (text: string) => /^[a-z][a-z\d+.-]*:/.test(text) && isReference(text), 'date-time': true } as const;
  const check = new Ajv({ strict: false, unicodeRegExp: false, allErrors: true, formats }).compile(schema);
  return (log) => (check(log) ? [] : (check.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`));
}

describe(`the schema of SARIF 2.1.0${because(obstacle)}`, () => {
  it.skipIf(obstacle !== undefined)('takes every log', () => {
    const number = fc.integer({ min: 1, max: 1_000_000 });
    const regions = fc.record({ startLine: number, startColumn: number, endLine: number, endColumn: number });
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('/', '.', '%', ' ', '\ud800', 'ü', ':') }));
    const fixes = fc.array(fc.record({ description: text, replacements: fc.array(fc.record({ region: regions, text }), { minLength: 1, maxLength: 3 }) }), { maxLength: 2 });
    const optional = fc.record({ snippet: text, fixes, suppressions: fc.array(fc.record({ justification: text }), { maxLength: 1 }) }, { requiredKeys: [] });
    const level = fc.constantFrom('error', 'warning', 'note');
    const one = fc.record({ ruleId: fc.constantFrom('range-parity', 'tw-recycle-gone', 'other'), level, message: text, file: text, region: regions });
    fc.assert(
      fc.property(fc.array(fc.tuple(one, optional), { maxLength: 4 }), (parts) => {
        const log: unknown = JSON.parse(JSON.stringify(sarifLog(parts.map(([required, more]) => ({ ...required, ...more })), rules, tool)));
        expect(validate!(log)).toEqual([]);
      }),
    );
  });

  it.skipIf(obstacle !== undefined)('takes not just anything', () => {
    expect(validate!({ version: '2.1.0' })).not.toEqual([]);
    expect(validate!(sarifLog([{ ...result, region: { ...region, startLine: 0 } }], rules, tool))).not.toEqual([]);
    expect(validate!(sarifLog([], rules, { ...tool, informationUri: 'no address' }))).not.toEqual([]);
  });
});
