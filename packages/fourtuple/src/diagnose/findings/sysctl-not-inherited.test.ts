import { describe, expect, it } from 'vitest';
import { severities, told } from '../../../test/contract/findings.ts';
import { inspectedOf, type SettingsFields } from '../../../test/contract/hand-made.ts';
import { sysctlNotInherited } from './sysctl-not-inherited.ts';

const namespace = (name: string, inode: number, settings: SettingsFields = {}): ReturnType<typeof inspectedOf> => inspectedOf([], { name, inode, settings });
const tuned: SettingsFields = { range: [1024, 65_535], reserved: '8080,9090', tcpTwReuse: 1 };

describe('sysctl-not-inherited', () => {
  it('tells which of the host\'s settings a namespace does not have', () => {
    const [finding] = told(sysctlNotInherited, namespace('web', 2), { host: namespace('host', 1, tuned) });
    expect(finding).toMatchObject({ severity: 'info', title: "web does not have the host's ip_local_port_range, ip_local_reserved_ports, tcp_tw_reuse" });
    expect(finding!.evidence.map((item) => item.value)).toEqual(['host 1024 65535, here 32768 60999', 'host 8080,9090, here ', 'host 1, here 2']);
  });

  it('is silent about a host that is not tuned, about the host itself, and without one', () => {
    expect(severities(sysctlNotInherited, namespace('web', 2), { host: namespace('host', 1) })).toEqual([]);
    expect(severities(sysctlNotInherited, namespace('host', 1, tuned), { host: namespace('host', 1, tuned) })).toEqual([]);
    expect(severities(sysctlNotInherited, namespace('web', 2))).toEqual([]);
  });

  it('is silent about a namespace that was tuned in its own way', () => {
    expect(severities(sysctlNotInherited, namespace('web', 2, { range: [10_000, 20_001], reserved: '10080', tcpTwReuse: 0 }), { host: namespace('host', 1, tuned) })).toEqual([]);
  });

  it('names the keys alone that differ', () => {
    expect(told(sysctlNotInherited, namespace('web', 2, { range: [1024, 65_535] }), { host: namespace('host', 1, { range: [1024, 65_535], tcpTwReuse: 1 }) })[0]!.evidence.map((item) => item.name)).toEqual(['tcp_tw_reuse']);
  });

  it('offers a command that works when pasted ("A command that works when pasted, or advice without one", finding.ts), not /proc/PID/…', () => {
    const commands = told(sysctlNotInherited, namespace('web', 2), { host: namespace('host', 1, tuned) })[0]!.remedies.map((remedy) => remedy.command ?? '');
    expect(commands.filter((command) => /\bPID\b/.test(command))).toEqual([]);
  });
});
