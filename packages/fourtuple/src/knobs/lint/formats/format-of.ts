/** How a text is read; `other` is not. */
export type Format = 'sysctl' | 'ini' | 'yaml' | 'shell' | 'dockerfile' | 'systemd' | 'terraform' | 'nix' | 'bottlerocket' | 'user-data' | 'markdown' | 'other';

/** A name of a template that becomes a file of the name before it. */
const TEMPLATE_ENDING = /\.(?:j2|jinja2?|tmpl|tpl|tftpl|erb|in|template|gotmpl|mustache)$/;

const BY_ENDING: Readonly<Record<string, Format>> = {
  yaml: 'yaml',
  yml: 'yaml',
  json: 'yaml',
  jsonc: 'other',
  bu: 'yaml',
  ign: 'yaml',
  sh: 'shell',
  bash: 'shell',
  ash: 'shell',
  zsh: 'shell',
  ksh: 'shell',
  service: 'systemd',
  socket: 'systemd',
  dockerfile: 'dockerfile',
  containerfile: 'dockerfile',
  tf: 'terraform',
  hcl: 'terraform',
  nomad: 'terraform',
  tfvars: 'terraform',
  tofu: 'terraform',
  nix: 'nix',
  md: 'markdown',
  markdown: 'markdown',
  mdx: 'markdown',
};

/** Endings of files that may hold lines of sysctl.conf(5): what stands in them decides. */
const SETTINGS_ENDINGS = new Set(['', 'conf', 'cfg', 'config', 'ini', 'txt', 'sysctl', 'local', 'profile', 'bak', 'rpmsave', 'rpmnew', 'rpmorig', 'dpkg-dist', 'dpkg-old', 'dpkg-new', 'disabled', 'orig', 'old', 'example', 'sample', 'default']);

/** More lines than are needed to see what a file is, comments aside. */
const LINES_LOOKED_AT = 400;
/** Of the beginning of a file, comments included. */
const LOOKED_AT = 1 << 18;

/** What a text is by its name, and by what stands in it where the name does not tell. */
export function formatOf(path: string, text: string): Format {
  const bare = path.toLowerCase().replace(TEMPLATE_ENDING, '');
  const name = bare.slice(bare.lastIndexOf('/') + 1);
  const ending = name.includes('.') ? name.slice(name.lastIndexOf('.') + 1) : '';
  if (/^(?:docker|container)file(?:[.-].+)?$/.test(name)) return 'dockerfile';
  const byEnding = BY_ENDING[ending];
  if (byEnding !== undefined) return byEnding;
  if (isSysctlPath(bare)) return 'sysctl';
  const first = firstLine(text);
  if (/^#!.*\b(?:sh|bash|ash|dash|zsh|ksh)\b/.test(first)) return 'shell';
  if (/^#cloud-config\b/.test(first)) return 'yaml';
  if (/^(?:MIME-Version|Content-Type):/i.test(first)) return 'user-data';
  if (name === 'tuned.conf') return 'ini';
  if (ending === 'toml') return byContent(text) === 'bottlerocket' ? 'bottlerocket' : 'other';
  return SETTINGS_ENDINGS.has(ending) || ending.includes('-') || /^\d+$/.test(ending) ? byContent(text) : 'other';
}

/** True for a path under which a host keeps settings of sysctl(8). */
export function isSysctlPath(path: string): boolean {
  return /(?:^|\/)sysctl\.d\/[^/]+$|(?:^|[/._-])sysctl\.conf(?:\.[^/]*)?$/i.test(path);
}

function firstLine(text: string): string {
  const start = text.startsWith('\ufeff') ? 1 : 0;
  const line = text.slice(start, start + 200);
  const newline = line.indexOf('\n');
  return newline < 0 ? line : line.slice(0, newline);
}

function byContent(text: string): Format {
  const lines = linesOf(text);
  if (lines.some((line) => line.startsWith('[settings.kernel.sysctl]'))) return 'bottlerocket';
  if (lines.includes('[sysctl]')) return 'ini';
  if (lines.some((line) => /^apiVersion:\s|^\s*-?\s*sysctls?:\s*$/.test(line))) return 'yaml';
  return looksLikeSysctlLines(lines) ? 'sysctl' : 'other';
}

/** True if half of the lines or more, comments aside, begin like a setting. */
export function looksLikeSysctlFile(text: string): boolean {
  return looksLikeSysctlLines(linesOf(text));
}

/** The first lines, without blank ones and comments. */
function linesOf(text: string): string[] {
  return text.slice(0, LOOKED_AT).split('\n').map((line) => line.slice(0, 300).trim()).filter((line) => line !== '' && !/^[#;]/.test(line)).slice(0, LINES_LOOKED_AT);
}

function looksLikeSysctlLines(lines: readonly string[]): boolean {
  const settings = lines.filter((line) => /^-?\s*(?:net|fs|kernel|vm|user|dev)[./][a-z0-9_][\w./*-]*\s*(?:=|\s[\d"']|$)/i.test(line));
  return settings.length > 0 && settings.length * 2 >= lines.length;
}
