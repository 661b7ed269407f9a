import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LintFile } from '../../src/knobs/lint/index.ts';
import type { Random } from './random.ts';

const corpus = fileURLToPath(new URL('../../fixtures/lint', import.meta.url));

/** Every file of the corpus that is linted, with its path from the folder of its kind. */
export const lintCorpus: readonly LintFile[] = ['clean', 'found'].flatMap((kind) => {
  const names = readdirSync(join(corpus, kind), { recursive: true, encoding: 'utf8' }).sort();
  return names.filter((name) => !name.endsWith('.expected') && statSync(join(corpus, kind, name)).isFile()).map((name) => ({ path: name.replace(/^.*\.tree\//, ''), text: readFileSync(join(corpus, kind, name), 'utf8') }));
});

/** A name for each way of reading a text, and some for none. */
const NAMES = [
  'x.conf', 'etc/sysctl.conf', 'etc/sysctl.d/10-x.conf', 'usr/lib/sysctl.d/10-x.conf', 'etc/sysctl.d/x.conf.bak', 'roles/a/files/sysctl.d/10-x.conf', 'tuned.conf', 'x.ini', 'x.toml', 'x.txt', 'x', 'user-data',
  'x.yaml', 'x.yml', 'x.json', 'x.bu', 'docker-compose.yml', 'tasks/main.yml', 'group_vars/all.yml', 'kubelet.yaml', 'x.yaml.j2', 'task-definition.json',
  'x.sh', 'x.bash', 'x.service', 'Dockerfile', 'Containerfile.dev', 'x.tf', 'x.hcl', 'x.nomad', 'x.nix', 'x.md', 'README.markdown', 'x.jsonc', 'x.png', 'kube/x.conf', '\0', '', '..', 'a\nb.conf', '\ud800.conf',
];

/** What means something to one of the readers or rules. */
const PIECES = [
  '\n', '\r\n', '\r', '\0', '\ufeff', '\uffff', '\ud800', '\u2028', '\t', ' ', '  ', '\\', '\\\n', '"', "'", "''", '`', '```\n', '```sh\n', '~~~\n', '#', ';', '//', '/*', '*/', '<!--', '-->', '=', ':', ': ', '- ', '-', ',', '|', '>', '>>', '<<EOF\n', "<<-'X'\n", 'EOF\n', '&', '&&', '$(', '${', '${x}', '$((', '{{', '}}', '{%', '%}', '{', '}', '[', ']', '(', ')', '*', '?', '!Ref ', '&a ', '*a', '<<: *a', '---\n', '...\n',
  'net.ipv4.ip_local_port_range', 'net.ipv4.ip_local_reserved_ports', 'net.ipv4.ip_unprivileged_port_start', 'net.ipv4.tcp_tw_recycle', 'net.ipv4.tcp_tw_reuse', 'net.ipv4.tcp_timestamps', 'net.ipv4.tcp_fin_timeout', 'net.core.somaxconn', 'net.ipv4.tcp_mem', 'net.ipv4.ip_autobind_reuse', 'net.ipv4.netfilter.ip_conntrack_max', 'fs.file-max', 'net/ipv4/tcp_tw_reuse', '-net.ipv4.conf.*.rp_filter', 'net.ipv4.tcp_fin_timout',
  '1024 65535', '32768\t60999', '1024 65535 9', '010', '0x10', '-1', '65535', '0', '1', '9999999999999999999999', '1-65535', '8080,9148', '1-', 'true', 'null', '~',
  'sysctl -w ', 'sysctl ', 'sysctl -p ', 'sudo echo 1 > /proc/sys/', 'docker run --sysctl ', '--network host ', 'hostNetwork: true\n', 'securityContext:\n', 'sysctls:\n', 'containerPort: 8080\n', 'apiVersion: v1\n', 'kind: Pod\n', '[sysctl]\n', '[Service]\n', 'ExecStart=', 'RUN ', '#cloud-config\n', '#!/bin/sh\n', 'boot.kernel.sysctl', 'kube',
  '# fourtuple-ignore ', '# fourtuple-ignore-file ', 'range-without-reserved', 'tw-recycle-gone, value-misread', ': since', 'no-such-rule',
];

const LONG = 20_000;
/** Damage upon damage grows. */
const LONGEST = 60_000;

/** A file of the corpus, damaged in one of many ways, under one of many names. */
export function damagedFile(random: Random): LintFile {
  const { path, text } = random.pick(lintCorpus);
  let damaged = text;
  for (let times = random.pick([1, 1, 1, 2, 3, 6]); times > 0; times--) damaged = damage(damaged, random).slice(0, LONGEST);
  return { path: random.chance(0.6) ? path : random.pick(NAMES), text: damaged };
}

function damage(text: string, random: Random): string {
  const at = random.between(0, text.length);
  const lines = (): string[] => text.split('\n');
  const some = (): string => Array.from({ length: random.between(1, 4) }, () => random.pick(PIECES)).join(random.pick(['', '', ' ']));
  switch (random.between(0, 13)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(at);
    case 2: {
      // Two files, each cut somewhere.
      const other = random.pick(lintCorpus).text;
      return text.slice(0, at) + other.slice(random.between(0, other.length));
    }
    case 3: {
      const all = lines();
      const index = random.between(0, all.length - 1);
      all.splice(random.between(0, all.length), 0, ...Array.from({ length: random.pick([1, 1, 2, 50]) }, () => all[index]!));
      return all.join('\n');
    }
    case 4: {
      const all = lines();
      const [one, other] = [random.between(0, all.length - 1), random.between(0, all.length - 1)];
      [all[one], all[other]] = [all[other]!, all[one]!];
      return all.join('\n');
    }
    case 5: {
      const all = lines();
      all.splice(random.between(0, all.length - 1), random.between(1, 3));
      return all.join('\n');
    }
    case 6: {
      const bytes = Buffer.from(text);
      for (let count = random.between(1, 8); count > 0 && bytes.length > 0; count--) bytes[random.between(0, bytes.length - 1)] = random.between(0, 255);
      return bytes.toString('utf8');
    }
    case 7:
      return text.slice(0, at) + some() + text.slice(at + random.between(0, 20));
    case 8:
      return text.slice(0, at) + some() + text.slice(at);
    case 9: {
      // Nested deeply, open or closed.
      const [open, close] = random.pick([['{', '}'], ['[', ']'], ['(', ')'], ['- ', ''], ['a: {', '}'], ['$(', ')'], ['${', '}'], ['"', '"'], ['> ', ''], ['((', '))'], ['{{', '}}'], ['sh -c "', '"'], ['?', ''], ['<<X\n', '']] as const);
      const depth = random.pick([5, 50, 50, 500, 2000]);
      return text.slice(0, at) + open.repeat(depth) + (random.chance(0.5) ? text.slice(at) + close.repeat(depth) : close.repeat(depth) + text.slice(at));
    }
    case 10: {
      const piece = random.chance(0.5) ? random.pick(PIECES) : random.pick(lines());
      return text.slice(0, at) + piece.repeat(Math.ceil(random.pick([100, 1000, 1000, LONG]) / Math.max(1, piece.length))) + text.slice(at);
    }
    case 11:
      return random.pick([(one: string) => one.replaceAll('\n', '\r\n'), (one: string) => one.replaceAll('\n', ''), (one: string) => one.replaceAll('  ', '\t'), (one: string) => `\ufeff${one}`, (one: string) => one.replaceAll(/^/gm, random.pick(['#', '- ', '  ', '> ', '\t', 'RUN '])), (one: string) => one.replaceAll(/\d+/g, () => random.pick(['0', '1', '32768 60999', '1024 65535', '99999', '-1', 'x']))])(text);
    case 12:
      return lines().map((line) => (random.chance(0.15) ? `# fourtuple-ignore ${random.pick(['tw-recycle-gone', 'fin-timeout-not-time-wait', 'overridden', 'x'])}${random.pick(['', ': why not'])}\n${line}` : line)).join('\n');
    default:
      return Array.from({ length: random.between(0, 40) }, () => random.pick(PIECES)).join(random.pick(['', ' ', '\n']));
  }
}
