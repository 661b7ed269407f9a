import type { RuleInfo } from '../rule.ts';

/** Rules about files and lines, before anything in them is a setting. */
export const malformedLine: RuleInfo = {
  id: 'malformed-line',
  severity: 'error',
  summary: 'A line that sets nothing, or not what it seems to.',
  why: 'sysctl leaves out what is neither "key = value" nor "-key"; quotes and comments behind a value are part of the value, which the kernel then refuses or reads in part.',
  remedy: 'Write one "key = value" a line, comments on lines of their own, values without quotes.',
  kernels: 'procps 4.0.2',
};

export const exclusionWithoutEffect: RuleInfo = {
  id: 'exclusion-without-effect',
  severity: 'warning',
  summary: 'An exclusion with a pattern excludes nothing.',
  why: 'Before procps 4.0.5 "-key" keeps patterns from exactly that key; with a pattern it does nothing. systemd-sysctl takes patterns.',
  remedy: 'Name each key.',
  kernels: 'procps before 4.0.5',
};

export const neverRead: RuleInfo = {
  id: 'never-read',
  severity: 'warning',
  summary: 'A file of sysctl.d that is never read.',
  why: 'Only names that end in .conf are read, and of a name only the file in the first folder: /etc before /run before /usr/local/lib before /usr/lib before /lib.',
  remedy: 'Rename it, or take it out.',
  kernels: 'procps and systemd-sysctl',
};

export const notReadBySystemd: RuleInfo = {
  id: 'not-read-by-systemd',
  severity: 'note',
  summary: 'systemd-sysctl does not read /etc/sysctl.conf.',
  why: 'At boot systemd-sysctl reads sysctl.d folders alone. Some distributions have a link /etc/sysctl.d/99-sysctl.conf for it, newer ones have not.',
  remedy: 'Move the settings to /etc/sysctl.d/99-local.conf.',
  kernels: 'hosts with systemd',
};

export const suppressionWithoutReason: RuleInfo = {
  id: 'suppression-without-reason',
  severity: 'warning',
  summary: 'A finding is dismissed without a reason.',
  why: 'Nobody can tell later whether it may be taken out.',
  remedy: 'Write it behind a colon: # fourtuple-ignore RULE: reason',
  kernels: 'all',
};

export const suppressionUnknownRule: RuleInfo = {
  id: 'suppression-unknown-rule',
  severity: 'warning',
  summary: 'A comment dismisses a rule that there is not.',
  why: 'It dismisses nothing.',
  remedy: '"fourtuple lint --rules" lists the rules.',
  kernels: 'all',
};

export const suppressionUnused: RuleInfo = {
  id: 'suppression-unused',
  severity: 'note',
  summary: 'A comment dismisses a finding that there is not.',
  why: 'What it was for is gone; it would hide the next one.',
  remedy: 'Take it out.',
  kernels: 'all',
};

export const textRules: readonly RuleInfo[] = [malformedLine, exclusionWithoutEffect, neverRead, notReadBySystemd, suppressionWithoutReason, suppressionUnknownRule, suppressionUnused];
