import { RESERVED } from '../../writes/index.ts';
import type { JudgedSetting } from '../group.ts';
import { atKey, type GroupRule } from '../rule.ts';
import { placeText } from './ports.ts';

const overridden: GroupRule = {
  id: 'overridden',
  severity: 'warning',
  summary: 'A later line sets the same key: this value never lasts.',
  why: 'Files are read in the order of their names, whatever folder they are in, /etc/sysctl.conf last; the last value wins.',
  remedy: 'Keep one of them.',
  kernels: 'procps; systemd-sysctl reads no /etc/sysctl.conf',
  *judge({ settings }) {
    const later = new Map<string, JudgedSetting>();
    const found = [];
    for (const setting of settings.toReversed()) {
      if (!setting.isWritten || setting.outcome.kind === 'refused' || setting.bound !== undefined || setting.knob?.until !== undefined || /\bip_conntrack_/.test(setting.key)) continue;
      const by = later.get(setting.key);
      if (by === undefined) later.set(setting.key, setting);
      else if (setting.key !== RESERVED && setting.value !== undefined && by.value !== undefined) found.push({ setting, by });
    }
    for (const { setting, by } of found.toReversed()) {
      const isSame = spaced(setting.value) === spaced(by.value);
      yield atKey(this, setting, isSame ? `${placeText(by, setting)} sets ${setting.key} to the same value again` : `${placeText(by, setting)} sets ${setting.key} to ${spaced(by.value)}: ${spaced(setting.value)} does not last`, { severity: isSame ? 'note' : 'warning' });
    }
  },
};

function spaced(value: string | undefined): string {
  return (value ?? '').trim().replaceAll(/\s+/g, ' ');
}

export const orderRules: readonly GroupRule[] = [overridden];
