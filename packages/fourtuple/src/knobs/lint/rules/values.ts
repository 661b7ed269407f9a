import { RANGE, UNPRIVILEGED } from '../../writes/index.ts';
import type { JudgedSetting } from '../group.ts';
import { atValue, shortKey, type GroupRule } from '../rule.ts';

/** Whether something else is said of the value already. */
function isSpokenOf(setting: JudgedSetting): boolean {
  return setting.key === 'net.ipv4.tcp_tw_recycle' || !setting.isWritten || setting.value === undefined || setting.hasMalformedValue;
}

const refusedValue: GroupRule = {
  id: 'value-refused',
  severity: 'error',
  summary: 'A value that the kernel refuses (EINVAL): the old one stands.',
  why: 'sysctl prints "Invalid argument", at boot where nobody looks, and the setting stays what it was.',
  remedy: '"fourtuple tune explain KEY" tells what is legal.',
  kernels: 'all, for the values that it names; ip_local_port_range against ip_unprivileged_port_start since 4.11',
  *judge({ settings }) {
    for (const setting of settings) {
      if (isSpokenOf(setting) || setting.outcome.kind !== 'refused') continue;
      yield atValue(this, setting, `the kernel refuses "${setting.value}" for ${shortKey(setting.key)}: ${setting.outcome.why}`);
    }
  },
};

const misreadValue: GroupRule = {
  id: 'value-misread',
  severity: 'warning',
  summary: 'A value that the kernel takes, and reads otherwise than it was meant.',
  why: 'Nothing warns of it: one number for the port range changes only its low end, a third one is dropped, a leading 0 makes a number octal, and some keys take −1 to mean no limit.',
  remedy: 'Write the value that is meant; "fourtuple tune explain KEY" lists what is misread.',
  kernels: 'all',
  *judge({ settings }) {
    for (const setting of settings) {
      if (isSpokenOf(setting) || setting.flaw === 'value-not-quoted' || setting.outcome.kind !== 'trap' || !setting.outcome.isMisread) continue;
      const { why, reads } = setting.outcome;
      const words = setting.value?.trim().split(/\s+/) ?? [];
      const text = setting.valueSpan === undefined ? '' : setting.file.text.slice(setting.valueSpan.start, setting.valueSpan.end);
      const isDropping = setting.key === RANGE && words.length > 2 && text === setting.value && words.every((word) => /^[1-9]\d*$/.test(word));
      yield atValue(this, setting, `${shortKey(setting.key)} becomes "${reads.replaceAll('\t', ' ')}": ${why}`, isDropping ? { fix: { description: 'Take out what is dropped', isSafe: true, edits: [{ span: setting.valueSpan!, text: words.slice(0, 2).join(' ') }] } } : {});
    }
  },
};

interface Default {
  readonly reads: string;
  /** First release with this default. */
  readonly since: string;
}

/** Defaults of every kernel since 5.4 that has the key. */
const DEFAULTS: ReadonlyMap<string, Default> = new Map([
  [RANGE, { reads: '32768\t60999', since: '4.2' }],
  ['net.ipv4.ip_local_reserved_ports', { reads: '', since: '2.6.35' }],
  [UNPRIVILEGED, { reads: '1024', since: '4.11' }],
  ['net.ipv4.ip_autobind_reuse', { reads: '0', since: '5.7' }],
  ['net.ipv4.tcp_tw_reuse', { reads: '2', since: '4.19' }],
  ['net.ipv4.tcp_tw_reuse_delay', { reads: '1000', since: '6.14' }],
  ['net.ipv4.tcp_fin_timeout', { reads: '60', since: '2.4' }],
  ['net.ipv4.tcp_timestamps', { reads: '1', since: '2.2' }],
  ['net.core.somaxconn', { reads: '4096', since: '5.4' }],
  ['net.ipv4.tcp_syncookies', { reads: '1', since: '2.6.37' }],
  ['net.ipv4.tcp_abort_on_overflow', { reads: '0', since: '2.4' }],
  ['net.netfilter.nf_conntrack_tcp_timeout_time_wait', { reads: '120', since: '2.6.15' }],
  ['net.netfilter.nf_conntrack_tcp_timeout_established', { reads: '432000', since: '2.6.15' }],
]);

const isDefault: GroupRule = {
  id: 'value-is-default',
  severity: 'note',
  summary: 'The value is what the kernel has anyway.',
  why: 'It changes nothing, and looks like tuning. In a tree it may be there to undo another setting.',
  remedy: 'Take it out, or say in a comment what it guards against.',
  kernels: 'from 5.4 on',
  *judge({ settings }) {
    for (const setting of settings) {
      const known = DEFAULTS.get(setting.key);
      if (known === undefined || isSpokenOf(setting) || setting.bound !== undefined || setting.outcome.kind !== 'ok' || known.reads !== setting.outcome.reads) continue;
      yield atValue(this, setting, `this is the default of ${shortKey(setting.key)} since Linux ${known.since}: it changes nothing`);
    }
  },
};

interface Least {
  readonly value: number;
  readonly why: string;
}

const LEAST: ReadonlyMap<string, Least> = new Map([
  ['net.core.somaxconn', { value: 4096, why: 'the default is 4,096 since Linux 5.4' }],
  ['net.ipv4.tcp_max_tw_buckets', { value: 32_768, why: 'a host with 8 GiB has 32,768, one with 64 GiB 262,144; above it a closed connection skips TIME_WAIT (TCPTimeWaitOverflow), and late packets can meet its successor' }],
  ['fs.nr_open', { value: 1_048_576, why: 'the default is 1,048,576, and no process can be given more descriptors than this' }],
  ['fs.file-max', { value: 1_048_576, why: 'the kernel derives more from the memory, and systemd lifts it' }],
]);

const lowers: GroupRule = {
  id: 'lowers-default',
  severity: 'warning',
  summary: 'A limit below the default: it takes away what it seems to give.',
  why: 'Values of old guides were large once. Defaults have grown: somaxconn to 4,096 in Linux 5.4, fs.file-max to as good as unlimited under systemd.',
  remedy: 'Take the line out, or raise the value above the default.',
  kernels: 'from 5.4 on',
  *judge({ settings }) {
    for (const setting of settings) {
      const least = LEAST.get(setting.key);
      if (least === undefined || isSpokenOf(setting) || setting.bound === 'at-least' || (setting.outcome.kind !== 'ok' && setting.outcome.kind !== 'trap')) continue;
      const value = Number(setting.outcome.reads);
      if (value >= 0 && value < least.value) yield atValue(this, setting, `${shortKey(setting.key)}=${value} lowers a limit: ${least.why}`);
    }
  },
};

const bytes: GroupRule = {
  id: 'tcp-mem-in-bytes',
  severity: 'error',
  summary: 'tcp_mem and udp_mem count pages, not bytes.',
  why: 'tcp_mem="4096 87380 16777216" is a value for tcp_rmem: TCP of the whole host is then under memory pressure from 16 MiB on, and its windows shrink, while the hard limit is 64 GiB.',
  remedy: 'Take it out: the kernel derives it from the memory. tcp_rmem and tcp_wmem are those in bytes.',
  kernels: 'all',
  *judge({ settings }) {
    for (const setting of settings) {
      if (!/^net\.ipv4\.(?:tcp|udp)_mem$/.test(setting.key) || setting.value === undefined || !setting.isWritten) continue;
      const [low = Number.NaN, , high = Number.NaN] = setting.value.trim().split(/\s+/).map(Number);
      // Of what is no number nothing is known.
      if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || !(high >= 2 ** 24 || (low <= 8192 && high >= 2 ** 20))) continue;
      yield atValue(this, setting, `${shortKey(setting.key)} is in pages of 4 KiB, not in bytes: memory pressure would begin at ${Math.round((low * 4096) / 2 ** 20).toLocaleString('en')} MiB for all sockets together, and the limit would be ${Math.round((high * 4096) / 2 ** 30).toLocaleString('en')} GiB`);
    }
  },
};

export const valueRules: readonly GroupRule[] = [refusedValue, misreadValue, isDefault, lowers, bytes];
