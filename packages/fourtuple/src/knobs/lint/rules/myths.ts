import type { JudgedSetting } from '../group.ts';
import { atKey, atValue, type GroupRule } from '../rule.ts';

function numberOf({ outcome }: JudgedSetting): number | undefined {
  return outcome.kind === 'ok' || outcome.kind === 'trap' ? Number(outcome.reads) : undefined;
}

const FIN = 'net.ipv4.tcp_fin_timeout';

const notTimeWait: GroupRule = {
  id: 'fin-timeout-not-time-wait',
  severity: 'warning',
  summary: 'tcp_fin_timeout does not shorten TIME_WAIT.',
  why: 'TIME_WAIT lasts 60 seconds, compiled into the kernel; measured 60.4 to 61.2 s with values from 1 to 120. tcp_fin_timeout ends FIN_WAIT2 of connections that no process has any more.',
  remedy: 'Keep it at 60. For ports: reuse connections, tcp_tw_reuse=1 for outgoing ones, a wider range, more addresses.',
  kernels: 'all',
  *judge({ settings }) {
    for (const setting of settings) {
      const value = setting.key === FIN ? numberOf(setting) : undefined;
      if (value === undefined || value < 1 || value > 59) continue;
      const isMyth = /time[\s_-]?wait/i.test(setting.comment);
      yield atValue(this, setting, `this does not shorten TIME_WAIT, which is 60 s, compiled in: it ends FIN_WAIT2 of closed connections after ${value} s`, { severity: isMyth ? 'warning' : 'note' });
    }
  },
};

const finTrap: GroupRule = {
  id: 'fin-timeout-trap',
  severity: 'warning',
  summary: 'tcp_fin_timeout from 61 to 89 makes FIN_WAIT2 shorter than 60 does, and 0 or less ends it within a second.',
  why: 'Above 60 the kernel keeps the rest of the time in a timer of twice the difference: 61 gives 2.1 s, 70 gives 20.3 s. Peers that are slow to close then get a reset.',
  remedy: 'Use 60, or 90 and more.',
  kernels: 'all; measured on 6.18',
  *judge({ settings }) {
    for (const setting of settings) {
      const value = setting.key === FIN ? numberOf(setting) : undefined;
      if (value === undefined) continue;
      if (value > 60 && value < 90) yield atValue(this, setting, `FIN_WAIT2 then lasts about ${2 * (value - 60)} s, shorter than with 60: above 60 it is 2·(value − 60)`);
      else if (value < 1) yield atValue(this, setting, 'FIN_WAIT2 then lasts less than a second: peers that are slow to close get a reset');
    }
  },
};

const somaxconn: GroupRule = {
  id: 'somaxconn-not-connections',
  severity: 'warning',
  summary: 'somaxconn is not a number of connections: it bounds those that wait for accept().',
  why: 'With somaxconn=8 a server that accepts had 2,000 connections. It caps the backlog that listen() is given, and a listener that is there keeps what it has until it calls listen() again.',
  remedy: 'Raise it together with the backlog of the server when ListenOverflows grows, and say that in the comment.',
  kernels: 'all',
  *judge({ settings }) {
    for (const setting of settings) {
      if (setting.key !== 'net.core.somaxconn' || !/\b(?:max(?:imum)?|number|concurrent|simultaneous|more|open)\b[^.]{0,40}\bconnections?\b|\bconnections? limit\b/i.test(setting.comment) || /\bqueue|backlog|accept|pending|waiting\b/i.test(setting.comment)) continue;
      yield atKey(this, setting, 'somaxconn does not limit how many connections there are: it bounds those that are made and wait for accept(), of each listener');
    }
  },
};

const reuseAlone: GroupRule = {
  id: 'tw-reuse-without-timestamps',
  severity: 'warning',
  summary: 'tcp_tw_reuse does nothing without TCP timestamps.',
  why: 'connect() takes over a TIME_WAIT only when both ends used timestamps: they are what tells old packets from new ones.',
  remedy: 'Set net.ipv4.tcp_timestamps=1, the default.',
  kernels: 'all',
  *judge({ settings, state }) {
    if (state('net.ipv4.tcp_timestamps') !== '0') return;
    for (const setting of settings) {
      const value = setting.key === 'net.ipv4.tcp_tw_reuse' ? numberOf(setting) : undefined;
      if (value === 1 || value === 2) yield atValue(this, setting, 'tcp_tw_reuse does nothing here: tcp_timestamps is set to 0');
    }
  },
};

const timestampsOff: GroupRule = {
  id: 'timestamps-off',
  severity: 'warning',
  summary: 'tcp_timestamps=0 takes away the reuse of TIME_WAIT.',
  why: 'Without timestamps a four-tuple in TIME_WAIT stays taken for 60 seconds, fast connections lose the protection against wrapped sequence numbers, and round-trip times are measured worse. It hides no uptime any more: since Linux 4.10 each connection has a random offset.',
  remedy: 'Leave it at 1.',
  kernels: 'all',
  *judge({ settings }) {
    for (const setting of settings) {
      if (setting.key === 'net.ipv4.tcp_timestamps' && numberOf(setting) === 0) yield atValue(this, setting, 'without timestamps no TIME_WAIT can be reused, whatever tcp_tw_reuse says');
    }
  },
};

const cookiesOff: GroupRule = {
  id: 'syncookies-off',
  severity: 'warning',
  summary: 'tcp_syncookies=0: a flood of SYNs shuts a listener.',
  why: 'Cookies are sent only when the queue is full: off, they save nothing before that, and the listener drops honest clients then.',
  remedy: 'Leave it at 1.',
  kernels: 'all',
  *judge({ settings }) {
    for (const setting of settings) {
      if (setting.key === 'net.ipv4.tcp_syncookies' && numberOf(setting) === 0) yield atValue(this, setting, 'without SYN cookies a listener whose queue is full drops honest clients');
    }
  },
};

const abort: GroupRule = {
  id: 'abort-on-overflow',
  severity: 'note',
  summary: 'tcp_abort_on_overflow resets clients that would have waited.',
  why: 'When the accept queue is full, a client whose handshake is under way tries again by itself and comes through. With this it gets ECONNRESET; new SYNs are dropped either way.',
  remedy: 'Raise somaxconn and the backlog of the server instead.',
  kernels: 'all',
  *judge({ settings }) {
    for (const setting of settings) {
      if (setting.key === 'net.ipv4.tcp_abort_on_overflow' && numberOf(setting) !== undefined && numberOf(setting) !== 0) yield atValue(this, setting, 'a client whose handshake meets a full accept queue gets ECONNRESET, where it would have come through at its next try');
    }
  },
};

export const mythRules: readonly GroupRule[] = [notTimeWait, finTrap, somaxconn, reuseAlone, timestampsOff, cookiesOff, abort];
