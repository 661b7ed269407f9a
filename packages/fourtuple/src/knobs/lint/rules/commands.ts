import type { JudgedSetting } from '../group.ts';
import { atKey, atValue, type GroupRule } from '../rule.ts';

const onlyReads: GroupRule = {
  id: 'command-only-reads',
  severity: 'error',
  summary: 'sysctl KEY = VALUE with blanks around the equals sign sets nothing.',
  why: 'Each word is a key for sysctl: it prints the first (with -w it does not even that) and fails on "=" and on the value. The setting stays what it was, and a script without set -e goes on.',
  remedy: "Write sysctl -w 'KEY=VALUE' without blanks around the equals sign, in quotes when the value has blanks.",
  kernels: 'procps sysctl, all; busybox too',
  *judge({ settings }) {
    for (const setting of settings) {
      if (setting.flaw !== 'blanks-around-equals') continue;
      yield atKey(this, setting, `nothing is set: with blanks around "=" each word is an argument of its own, and ${setting.key} is only read`, fixOf(setting, (key, value) => `sysctl -w ${key}=${quoted(value)}`, 'Write it as one word'));
    }
  },
};

const notQuoted: GroupRule = {
  id: 'value-not-quoted',
  severity: 'error',
  summary: 'A value with a blank in it, not in quotes: its first word alone is set.',
  why: 'The shell cuts the value at its blank. Of ip_local_port_range=1024 65535 the low end alone is set, and "65535" is another argument: sysctl fails on it, docker run takes it for the image.',
  remedy: "Put the value into quotes: 'net.ipv4.ip_local_port_range=1024 65535'.",
  kernels: 'all',
  *judge({ settings }) {
    for (const setting of settings) {
      if (setting.flaw === 'value-not-quoted') yield atValue(this, setting, `the value ends at the blank: only ${setting.value ?? 'its first word'} is written to ${setting.key}; put KEY=VALUE into quotes`);
    }
  },
};

const redirected: GroupRule = {
  id: 'redirected-by-shell',
  severity: 'warning',
  summary: 'sudo echo VALUE > /proc/sys/…: the file is opened by the shell, not by sudo.',
  why: 'The redirection is done before sudo runs, with the rights of the shell: without root it fails with "Permission denied".',
  remedy: 'Write sudo sysctl -w KEY=VALUE, or echo VALUE | sudo tee FILE.',
  kernels: 'all',
  *judge({ settings }) {
    for (const setting of settings) {
      if (setting.flaw === 'redirected-by-shell') yield atKey(this, setting, `the shell opens this file, not sudo: without root it fails; write sudo sysctl -w ${setting.key}=${quoted(setting.value ?? '…')}`);
    }
  },
};

export const commandRules: readonly GroupRule[] = [onlyReads, notQuoted, redirected];

/** A fix that rewrites `sysctl … KEY = VALUE`, where the text between `sysctl` and the value is what is thought. */
function fixOf(setting: JudgedSetting, write: (key: string, value: string) => string, description: string): { fix?: NonNullable<ReturnType<typeof atKey>['fix']> } {
  const { value, keySpan, valueSpan, file } = setting;
  if (value === undefined || valueSpan === undefined || /[\n\\'"$`]/.test(file.text.slice(keySpan.start, valueSpan.end))) return {};
  const before = /(?:^|[\s;&|(])((?:[\w./]*\/)?sysctl\s+(?:-w\s+|--write\s+)?)$/.exec(file.text.slice(Math.max(0, keySpan.start - 200), keySpan.start))?.[1];
  if (before === undefined || before.includes('\n')) return {};
  return { fix: { description, isSafe: true, edits: [{ span: { start: keySpan.start - before.length, end: valueSpan.end }, text: write(setting.key, value).replace(/^sysctl/, before.trim().split(/\s/)[0]!) }] } };
}

function quoted(value: string): string {
  return /^[\w.,:-]+$/.test(value) ? value : `"${value}"`;
}
