import { execFileSync } from 'node:child_process';
import { defaultThresholds, type DiagnosisContext, type Finding, type Inspected, type Rule } from '../../src/diagnose/index.ts';
import { parsePortRange, PortSet, type SocketCursor } from '../../src/model/index.ts';
import { inspectedOf, many, tcp, type SettingsFields, type SocketFields, type World } from './hand-made.ts';

export type Told = Omit<Finding, 'id' | 'namespace' | 'reference'>;

/** What a rule says about a namespace. */
export function told(rule: Rule, inspected: Inspected, context: Partial<DiagnosisContext> = {}): Told[] {
  return rule.inspect(inspected, { thresholds: defaultThresholds, ...context });
}

/** Their severities: the shortest form of "fires, and how". */
export function severities(rule: Rule, inspected: Inspected, context: Partial<DiagnosisContext> = {}): string[] {
  return told(rule, inspected, context).map((finding) => finding.severity);
}

/** A namespace of 10,000 usable ports with so many connections from 10.0.0.1 to 10.0.0.9:443. */
export function filled(count: number, world: Omit<World, 'settings'> & { readonly settings?: SettingsFields } = {}, make: (port: number) => SocketCursor = established): Inspected {
  return inspectedOf(many(count, (index) => make(20_000 + index)), { ...world, settings: { range: [20_000, 29_999], ...world.settings } });
}

export const established = (port: number, fields: SocketFields = {}): SocketCursor => tcp('established', `10.0.0.1:${port}`, '10.0.0.9:443', { inode: port, ...fields });
export const timeWait = (port: number, fields: SocketFields = {}): SocketCursor => tcp('timeWait', `10.0.0.1:${port}`, '10.0.0.9:443', fields);

/** The evidence of one name. */
export function evidence(finding: Told | undefined, name: string): string | number | undefined {
  return finding?.evidence.find((item) => item.name === name)?.value;
}

/** The words that a shell makes of a command, without running it. */
export function shellWords(command: string): string[] {
  const output = execFileSync('bash', ['-fc', `set -- ${command}\nprintf '%s\\0' "$@"`], { encoding: 'utf8' });
  return output.split('\0').slice(0, -1);
}

/** What is wrong with a command that a remedy offers for pasting; empty when nothing is. */
export function commandFaults(command: string): string[] {
  const faults: string[] = [];
  if (/[$`;&|<>\n\\]/.test(command)) faults.push(`a character that means something to a shell: ${command}`);
  let words: string[];
  try {
    words = shellWords(command);
  } catch {
    return [`no shell reads ${command}`];
  }
  if (!['sysctl', 'ss', 'fourtuple', 'nsenter'].includes(words[0]!)) faults.push(`an unexpected program ${words[0]}`);
  const sysctl = words.indexOf('sysctl');
  if (sysctl < 0) return faults;
  if (words[sysctl + 1] !== '-w') faults.push('sysctl without -w');
  const assignments = words.slice(sysctl + 2);
  if (assignments.length === 0) faults.push('sysctl without an assignment');
  for (const assignment of assignments) {
    const [, key, value] = /^([a-z]+(?:\.[a-z0-9_-]+)+)=([^=]*)$/.exec(assignment) ?? [];
    if (key === undefined) faults.push(`no assignment: ${assignment}`);
    else if (!isLegal(key, value!)) faults.push(`the kernel refuses ${assignment}`);
  }
  return faults;
}

/** Whether the kernel takes a value (kernel-facts.md, section 5). */
function isLegal(key: string, value: string): boolean {
  switch (key) {
    case 'net.ipv4.ip_local_port_range': {
      const range = /^\d+ \d+$/.test(value) ? parsePortRange(value) : undefined;
      return range !== undefined;
    }
    case 'net.ipv4.ip_local_reserved_ports':
      return PortSet.parseList(value) !== undefined;
    case 'net.ipv4.tcp_tw_reuse':
      return /^[012]$/.test(value);
    default:
      return /^\d+$/.test(value) && Number.isSafeInteger(Number(value));
  }
}
