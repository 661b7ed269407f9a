import { editDistance } from '../../../model/index.ts';
import { knobs } from '../../catalogue/index.ts';
import { wholeLine } from '../lines.ts';
import { atKey, type GroupRule } from '../rule.ts';

const RECYCLE = 'net.ipv4.tcp_tw_recycle';

const recycle: GroupRule = {
  id: 'tw-recycle-gone',
  severity: 'error',
  summary: 'tcp_tw_recycle is gone since Linux 4.12, and dropped clients behind NAT before.',
  why: 'The key is not there: sysctl ends with an error, and some tools then leave out what follows. Before 4.12 it refused SYNs whose timestamps seemed to go back, which are those of other hosts behind the same NAT.',
  remedy: 'Take the line out. For outgoing connections tcp_tw_reuse=1 is what helps.',
  kernels: 'from 4.12 on; harmful before',
  *judge({ settings }) {
    for (const setting of settings) {
      if (setting.key !== RECYCLE) continue;
      const isLine = setting.means === 'sysctl-file' && setting.file.text.slice(...wholeLine(setting.file.text, setting.span)).trim() === setting.file.text.slice(setting.span.start, setting.span.end).trim();
      const [start, end] = wholeLine(setting.file.text, setting.span);
      yield atKey(this, setting, 'tcp_tw_recycle is gone since Linux 4.12; before, it dropped clients behind NAT. Take it out', isLine ? { fix: { description: 'Take the line out', isSafe: true, edits: [{ span: { start, end }, text: '' }] } } : {});
    }
  },
};

const removed: GroupRule = {
  id: 'removed-key',
  severity: 'error',
  summary: 'A key of the old connection tracking, which today has other names.',
  why: 'Kernels of today do not have the old names: nothing is set. Older ones kept them for some time beside the new ones.',
  remedy: 'Use the net.netfilter.nf_conntrack_… key.',
  kernels: 'seen on 6.18',
  *judge({ settings }) {
    for (const setting of settings) {
      const renamed = /^net\.ipv4\.(?:netfilter\.)?ip_conntrack_(\w+)$/.exec(setting.key)?.[1];
      if (renamed !== undefined) yield atKey(this, setting, `${setting.key} is gone; it is net.netfilter.nf_conntrack_${renamed} now`);
    }
  },
};

/** Keys that are there, and near to one of the catalogue. */
const REAL: ReadonlySet<string> = new Set([
  'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem', 'net.ipv4.udp_rmem_min', 'net.ipv4.udp_wmem_min', 'net.core.rmem_max', 'net.core.wmem_max', 'net.ipv4.ip_forward', 'net.nf_conntrack_max', 'net.netfilter.nf_conntrack_count',
  'net.netfilter.nf_conntrack_tcp_timeout_close_wait', 'net.netfilter.nf_conntrack_tcp_timeout_fin_wait', 'net.netfilter.nf_conntrack_tcp_timeout_last_ack', 'net.netfilter.nf_conntrack_tcp_timeout_syn_recv', 'net.netfilter.nf_conntrack_tcp_timeout_syn_sent',
  'net.ipv4.tcp_mtu_probing', 'net.ipv4.tcp_orphan_retries', 'fs.file-nr', 'fs.nr_open', 'net.ipv4.tcp_ehash_entries',
]);

const unknown: GroupRule = {
  id: 'unknown-key',
  severity: 'warning',
  summary: 'A key that is not there, and nearly one that is.',
  why: 'sysctl says that it cannot find the key, at boot where nobody looks, and the setting that was meant stays what it was.',
  remedy: 'Write the name of the key right.',
  kernels: 'all',
  *judge({ settings }) {
    for (const setting of settings) {
      if (setting.knob !== undefined || REAL.has(setting.key) || !/^(?:net\.(?:ipv4|core|netfilter)|fs)\./.test(setting.key) || setting.key.length > 80) continue;
      const near = [...knobs.keys()].filter((key) => Math.abs(key.length - setting.key.length) <= 2).find((key) => editDistance(key, setting.key) <= 2);
      if (near === undefined) continue;
      const isSame = setting.file.text.slice(setting.keySpan.start, setting.keySpan.end) === setting.key;
      yield atKey(this, setting, `there is no ${setting.key}; ${near} is meant`, isSame ? { fix: { description: `Write ${near}`, isSafe: false, edits: [{ span: setting.keySpan, text: near }] } } : {});
    }
  },
};

export const keyRules: readonly GroupRule[] = [recycle, removed, unknown];
