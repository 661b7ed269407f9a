import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandFaults, established, filled } from '../../test/contract/findings.ts';
import { inspectedOf, many, tcp, udp, type SettingsFields } from '../../test/contract/hand-made.ts';
import type { SocketCursor } from '../model/index.ts';
import { diagnose, findingReference } from './diagnose.ts';
import { defaultThresholds, severities, type Inspected } from './finding.ts';
import { knownServices } from '../knobs/services/known-services.ts';
import { rules } from './rules.ts';
import { ownerText, tupleText } from './texts.ts';

const idle = (fields: Parameters<typeof inspectedOf>[1] = {}): Inspected => inspectedOf([], fields);

describe('the verdict', () => {
  it('is unknown when nothing could be read', () => {
    expect(diagnose([])).toMatchObject({ status: 'unknown', summary: 'No network namespace could be read.', findings: [], firstToFail: undefined });
  });

  it('is ok, and says what is free, when nothing happens', () => {
    expect(diagnose([idle()])).toMatchObject({ status: 'ok', summary: 'Every pool is free: no outgoing connection, 28,232 usable ports for each (source, destination, port).' });
  });

  it('is ok, and names the fullest tuple, when all is well', () => {
    expect(diagnose([filled(10)])).toMatchObject({ status: 'ok', summary: 'The fullest is 10.0.0.1:many → 10.0.0.9:443: 10 of 10,000 source ports used (0.1 %).' });
  });

  it('stays ok when findings are for information alone', () => {
    const { status, findings } = diagnose([idle({ settings: { tcpFinTimeoutSeconds: 70 } })]);
    expect([status, findings.map((finding) => finding.id)]).toEqual(['ok', ['fin-timeout-trap']]);
  });

  it('is the gravest severity, whose finding comes first and is the summary', () => {
    const { status, summary, findings } = diagnose([filled(10_000, { settings: { tcpFinTimeoutSeconds: 70, tcpTwRecycle: 1 } })]);
    expect(status).toBe('critical');
    expect(findings.map((finding) => finding.severity)).toEqual(findings.map((finding) => finding.severity).sort((left, right) => severities.indexOf(right) - severities.indexOf(left)));
    expect(findings[0]!.id).toBe('tuple-exhausted');
    expect(summary.startsWith(findings[0]!.title)).toBe(true);
    expect(summary).toMatch(/1 more finding\.$/);
  });

  it('is that of the worst namespace', () => {
    const { status, findings } = diagnose([idle({ name: 'host', inode: 1 }), { ...filled(8_500), id: { inode: 2, name: 'web' } }]);
    expect([status, findings[0]!.namespace]).toEqual(['warning', 2]);
  });

  it('takes the thresholds that it is given', () => {
    expect(diagnose([filled(3_000)], { warning: 0.2, critical: 0.5 }).status).toBe('warning');
    expect(diagnose([filled(3_000)]).status).toBe('ok');
  });

  it('compares counters with those of the same namespace', () => {
    const at = (inode: number, value: number): Inspected => idle({ inode, counters: { 'TcpExt.ListenOverflows': value } });
    const earlier = { counters: new Map([[1, { 'TcpExt.ListenOverflows': 5 }], [2, { 'TcpExt.ListenOverflows': 1 }]]), elapsedMs: 1000 };
    expect(diagnose([at(1, 5), at(2, 5)], defaultThresholds, earlier).findings.map((finding) => `${finding.namespace} ${finding.severity}`)).toEqual(['2 warning', '1 info']);
  });

  it('tells a fault of the whole host once, not once for every namespace', () => {
    const full = { openFiles: 990, fileMax: 1_000 };
    const { findings } = diagnose([idle({ name: 'host', inode: 1, settings: full }), idle({ name: 'web', inode: 2, settings: full }), idle({ name: 'db', inode: 3, settings: full })]);
    expect(findings.filter((finding) => finding.id === 'file-descriptors-nearly-full')).toHaveLength(1);
  });
});

describe('remedies of a namespace that is not the one in which the command will be pasted', () => {
  const commands = (path: string | undefined, ...others: Inspected[]): string[] => {
    const { findings } = diagnose([...others, { ...filled(10_000), id: { inode: 2, name: 'web', path } }]);
    const remedies = findings.filter((finding) => finding.namespace === 2).flatMap((finding) => finding.remedies);
    return remedies.flatMap((remedy) => (remedy.command === undefined || remedy.command.startsWith('fourtuple') ? [] : [remedy.command.replace(/ net\..*/, '')]));
  };
  const host = idle({ name: 'host', inode: 1 });

  it('enter it first', () => {
    expect(new Set(commands('/run/netns/web', host))).toEqual(new Set(['nsenter --net=/run/netns/web sysctl -w']));
  });

  it.each([undefined, '/run/netns/a b', "/run/netns/a'b", '/run/netns/$(reboot)', '/run/netns/a;b'])('offer no command where there is no path that a shell takes as it is: %s', (path) => {
    expect(commands(path, host)).toEqual([]);
  });

  it('say where they are meant', () => {
    const { findings } = diagnose([host, { ...filled(10_000), id: { inode: 2, name: 'web', path: '/run/netns/web' } }]);
    expect(findings.flatMap((finding) => finding.remedies).some((remedy) => remedy.title.startsWith('In web: Widen the range'))).toBe(true);
  });

  it('are plain in the own namespace', () => {
    expect(new Set(commands('/proc/thread-self/ns/net'))).toEqual(new Set(['sysctl -w']));
  });

  it('enter it first also when it is the only one that is judged (--namespace web)', () => {
    expect(new Set(commands('/run/netns/web'))).toEqual(new Set(['nsenter --net=/run/netns/web sysctl -w']));
  });
});

describe('what fails first', () => {
  const first = (...inspected: Inspected[]): string => {
    const found = diagnose(inspected).firstToFail;
    if (found === undefined) return 'nothing';
    return found.operation === 'connect' ? `connect ${tupleText(found.tuple, '->')} in ${found.namespace}, ${found.tuple.free} left` : `bind ${found.pool.protocol} ${found.pool.source.toString()} in ${found.namespace}, ${found.pool.free} left`;
  };
  const small: SettingsFields = { range: [20_000, 20_099] };
  const spread = (count: number): SocketCursor[] => many(count, (index) => tcp('established', `10.0.0.1:${20_000 + index}`, `10.0.1.${index}:443`));

  it('is nothing where nothing is used', () => {
    expect(first(idle())).toBe('nothing');
  });

  it('is the fullest tuple where programs do not bind', () => {
    expect(first(inspectedOf(spread(50), { settings: small }))).toBe('connect 10.0.0.1:many -> 10.0.1.0:443 in here, 99 left');
  });

  it('is the bind pool of their address where they do', () => {
    expect(first(inspectedOf([...spread(50), tcp('boundInactive', '10.0.0.1:20060')], { settings: small }))).toBe('bind tcp 10.0.0.1 in here, 49 left');
  });

  it.each([
    ['a bound socket', [tcp('boundInactive', '10.0.0.1:20060')], []],
    ['a connection after bind()', [tcp('established', '10.0.0.1:20060', '10.0.2.1:443')], [20_060]],
    ['its TIME_WAIT', [tcp('timeWait', '10.0.0.1:20060', '10.0.2.1:443')], [20_060]],
  ])('is the bind pool when there is %s', (_, more, explicit) => {
    expect(first(inspectedOf([...spread(50), ...more], { settings: small, probes: { explicit } }))).toBe('bind tcp 10.0.0.1 in here, 49 left');
  });

  it('is no bind pool when only listeners hold ports explicitly', () => {
    expect(first(inspectedOf([...spread(50), tcp('listen', '10.0.0.1:20060')], { settings: small }))).toMatch(/^connect/);
  });

  it('is UDP when that has the fewest left', () => {
    expect(first(inspectedOf([established(20_000), ...many(90, (index) => udp(`0.0.0.0:${20_000 + index}`))], { settings: small }))).toBe('bind udp 0.0.0.0 in here, 10 left');
  });

  it('is looked for in all namespaces', () => {
    expect(first(inspectedOf(spread(3), { settings: small, name: 'a' }), inspectedOf(many(60, (index) => established(20_000 + index)), { settings: small, name: 'b' }))).toBe('connect 10.0.0.1:many -> 10.0.0.9:443 in b, 40 left');
  });
});

describe('every rule', () => {
  it('has an id of its own in kebab-case, and words for the reference', () => {
    expect(new Set(rules.map((rule) => rule.id)).size).toBe(rules.length);
    for (const rule of rules) {
      expect(rule.id).toMatch(/^[a-z]+(-[a-z0-9]+)*$/);
      expect(rule.summary).toMatch(/^\S.*\.$/);
      for (const words of [rule.severity, rule.advice, rule.evidence]) expect(words.length).toBeGreaterThan(3);
    }
  });

  it('stands in rules.ts, and no other file of findings does not', () => {
    const source = readFileSync(new URL('./rules.ts', import.meta.url), 'utf8');
    const imported = [...source.matchAll(/'\.\/findings\/([a-z-]+)\.ts'/g)].map((match) => match[1]!);
    expect(imported.sort()).toEqual(rules.map((rule) => rule.id).sort());
  });

  it('is silent about an idle namespace', () => {
    const context = { thresholds: defaultThresholds, host: undefined };
    expect(rules.filter((rule) => rule.inspect(idle(), context).length > 0).map((rule) => rule.id)).toEqual([]);
  });

  it('points into the reference', () => {
    expect(findingReference('connect-cliff')).toMatch(/#connect-cliff$/);
    expect(diagnose([filled(9_000)]).findings[0]!.reference).toBe(findingReference('tuple-nearly-exhausted'));
  });
});

describe('every remedy, whatever the world', () => {
  const settings: fc.Arbitrary<SettingsFields> = fc.record({
    range: fc.tuple(fc.integer({ min: 1024, max: 60_000 }), fc.integer({ min: 1, max: 300 })).map(([low, more]) => [low, low + more] as const),
    reserved: fc.constantFrom('', '8080', '1-1023', '2000-2010,50051'),
    tcpTwReuse: fc.constantFrom(0, 1, 2),
    tcpTimestamps: fc.boolean(),
    tcpFinTimeoutSeconds: fc.constantFrom(5, 60, 75),
    tcpMaxTwBuckets: fc.constantFrom(-1, 50, 100_000, undefined),
    tcpTwRecycle: fc.constantFrom(undefined, 0, 1),
    somaxconn: fc.constantFrom(undefined, 8, 4096),
    conntrackMax: fc.constantFrom(undefined, 100),
    openFiles: fc.constantFrom(undefined, 10, 90, 100),
    fileMax: fc.constantFrom(undefined, 100),
    unprivilegedPortStart: fc.constantFrom(0, 1024, undefined),
  });
  const counters = fc.record({ 'TcpExt.ListenOverflows': fc.nat(2), 'TcpExt.TCPTimeWaitOverflow': fc.nat(2), 'conntrack.count': fc.constantFrom(10, 80, 100), 'sockstat.TCP.tw': fc.nat(100) });
  const offset = fc.nat(299);
  const sockets = (low: number): fc.Arbitrary<SocketCursor[]> =>
    fc.array(
      fc.oneof(
        { weight: 4, arbitrary: fc.tuple(fc.constantFrom('established' as const, 'timeWait' as const), offset).map(([state, port]) => tcp(state, `10.0.0.1:${low + port}`, '10.0.0.9:443')) },
        offset.map((port) => tcp('boundInactive', `10.0.0.5:${low + port}`)),
        offset.map((port) => tcp('listen', `0.0.0.0:${low + port}`)),
        offset.map((port) => udp(`0.0.0.0:${low + port}`)),
      ),
      { maxLength: 200 },
    );
  const world = settings.chain((fields) => fc.record({ fields: fc.constant(fields), all: sockets(fields.range![0]), counted: counters }));

  it('that offers a command offers one that a shell and the kernel take; every finding says why, and what it rests on', () => {
    const commands = new Set<string>();
    const fired = new Set<string>();
    fc.assert(
      fc.property(world, ({ fields, all, counted }) => {
        const host = idle({ name: 'host', inode: 1, settings: { range: [1024, 65_535], reserved: '8080', tcpTwReuse: 1 } });
        for (const finding of diagnose([host, inspectedOf(all, { settings: fields, counters: counted, inode: 2, name: 'web' })]).findings) {
          fired.add(finding.id);
          expect(finding.title).toMatch(/^\S.*[^.\s]$/s);
          expect(finding.why).toMatch(/^\S.*\.$/s);
          expect(finding.evidence.length).toBeGreaterThan(0);
          expect(finding.evidence.filter((item) => typeof item.value !== 'string' && !Number.isFinite(item.value))).toEqual([]);
          for (const remedy of finding.remedies) {
            expect(remedy.risk.length).toBeGreaterThan(3);
            if (remedy.command !== undefined) commands.add(remedy.command);
          }
        }
      }),
      { numRuns: 300 },
    );
    // Every shell takes milliseconds: enough of them, and all kinds, are looked at.
    const kinds = new Map([...commands].map((command) => [command.replaceAll(/\d+/g, '9'), command]));
    expect([...kinds.values()].slice(0, 200).flatMap(commandFaults)).toEqual([]);
    expect(fired.size).toBeGreaterThanOrEqual(8);
  });
});

describe('known services', () => {
  it('lie above the privileged ports, in order', () => {
    const ports = [...knownServices.keys()];
    expect(ports).toEqual([...ports].sort((left, right) => left - right));
    expect(ports[0]).toBeGreaterThan(1023);
  });
});

describe('texts', () => {
  it('names a process with its container, else its unit', () => {
    const owner = { pid: 7, command: 'app', uid: 0, unit: 'app.service', container: undefined };
    expect([ownerText(undefined), ownerText({ ...owner, unit: undefined }), ownerText(owner), ownerText({ ...owner, container: '4f3a9c0d17be' })]).toEqual(['unknown process', 'app/7', 'app/7 (app.service)', 'app/7 (4f3a9c0d17be)']);
  });
});
