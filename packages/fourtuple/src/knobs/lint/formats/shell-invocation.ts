import { EXPANSION, type CookedText } from './cooked-text.ts';
import type { ShellWord } from './shell-words.ts';

/** What a command runs in the end, without the programs that only run others. */
export interface Invocation {
  /** Of the program, without its folder; empty if only a run would tell. */
  readonly name: string;
  /** The first word that is neither a prompt nor a word of the shell such as `if`: of `sudo`, or of the program. */
  readonly first: ShellWord;
  readonly args: readonly ShellWord[];
  /** True behind `sudo`: the program may write what the shell may not. */
  readonly isRaised: boolean;
  /** What runs it somewhere else, such as `ip netns exec blue`; empty without. */
  readonly place: string;
  /** True if it enters the namespaces of process 1. */
  readonly isOfInit: boolean;
  /** A script in a word, or one that is read from standard input. */
  readonly script: CookedText | 'stdin' | undefined;
}

interface Wrapper {
  /** Options whose value is the next word; letters without their dash. */
  readonly valued: readonly string[];
  /** Words between its options and the command. */
  readonly operands?: number;
  readonly isRaising?: boolean;
  /** True if what runs behind it sees other settings. */
  readonly isElsewhere?: boolean;
  /** The command stands behind `--` only. */
  readonly needsDashes?: boolean;
  /** A single word behind it is a script, and so is what it reads without any. */
  readonly isShell?: boolean;
}

const EXEC_OPTIONS = ['e', 'u', 'w', 'env', 'env-file', 'user', 'workdir', 'detach-keys', 'index'];
const inContainer: Wrapper = { valued: EXEC_OPTIONS, operands: 1, isElsewhere: true };
const behindDashes: Wrapper = { valued: [], needsDashes: true, isElsewhere: true };
const transparent: Wrapper = { valued: [] };

/** By name, or by name and first words. */
const WRAPPERS: ReadonlyMap<string, Wrapper> = new Map<string, Wrapper>([
  ['sudo', { valued: ['u', 'g', 'h', 'p', 'C', 'r', 't', 'T', 'U', 'D', 'R', 'user', 'group', 'host', 'prompt', 'chdir', 'chroot', 'role', 'type'], isRaising: true }],
  ['doas', { valued: ['u', 'C'], isRaising: true }],
  ['pkexec', { valued: ['user'], isRaising: true }],
  ['env', { valued: ['u', 'C', 'unset', 'chdir'] }],
  ['nice', { valued: ['n', 'adjustment'] }],
  ['ionice', { valued: ['c', 'n', 'class', 'classdata'] }],
  ['chrt', { valued: [], operands: 1 }],
  ['taskset', { valued: [], operands: 1 }],
  ['time', { valued: ['f', 'o'] }],
  ['stdbuf', { valued: ['i', 'o', 'e'] }],
  ['timeout', { valued: ['s', 'k', 'signal', 'kill-after'], operands: 1 }],
  ['flock', { valued: ['w', 'E'], operands: 1 }],
  ['watch', { valued: ['n', 'interval'], isShell: true }],
  ['xargs', { valued: ['a', 'd', 'E', 'I', 'L', 'n', 'P', 's'] }],
  ['exec', { valued: ['a'] }],
  ...['nohup', 'setsid', 'command', 'builtin', 'busybox', 'toybox', 'setarch'].map((name): [string, Wrapper] => [name, transparent]),
  ['chroot', { valued: [], operands: 1 }],
  ['nsenter', { valued: ['t', 'target', 'S', 'G'], isElsewhere: true }],
  ['unshare', { valued: ['S', 'G', 'R', 'w', 'setuid', 'setgid', 'root', 'wd'], isElsewhere: true }],
  ['ip netns exec', { valued: [], operands: 1, isElsewhere: true }],
  ['ip vrf exec', { valued: [], operands: 1 }],
  ...['docker exec', 'docker container exec', 'docker compose exec', 'docker-compose exec', 'podman exec', 'podman container exec', 'nerdctl exec', 'lxc-attach'].map((name): [string, Wrapper] => [name, inContainer]),
  ...['kubectl exec', 'kubectl debug', 'oc exec', 'oc debug', 'oc rsh', 'lxc exec', 'incus exec', 'multipass exec', 'pct exec', 'minikube ssh', 'crictl exec'].map((name): [string, Wrapper] => [name, behindDashes]),
  ['ssh', { valued: ['p', 'i', 'l', 'o', 'F', 'J', 'L', 'R', 'D', 'b', 'c', 'E', 'e', 'I', 'm', 'O', 'Q', 'S', 'W', 'w'], operands: 1, isElsewhere: true, isShell: true }],
  ['eval', { valued: [], isShell: true }],
]);

/** First words of wrappers that have several. */
const TWO_WORDS: ReadonlySet<string> = new Set([...WRAPPERS.keys()].filter((name) => name.includes(' ')).map((name) => name.slice(0, name.indexOf(' '))));

/** Letters of options in one word. */
const LONGEST_CLUSTER = 16;

/** `sudo env nice …`: nobody needs more of them. */
const MOST_WRAPPERS = 16;

const SHELLS: ReadonlySet<string> = new Set(['sh', 'bash', 'dash', 'ash', 'zsh', 'ksh', 'su', 'runuser']);
/** Words before a command that are no part of it. */
const KEYWORDS: ReadonlySet<string> = new Set(['if', 'then', 'else', 'elif', 'while', 'until', 'do', '!', '{']);
const ASSIGNMENT = /^[A-Za-z_]\w*\+?=/;
const PROMPT = /^(?:[$%❯➜]|\S+@\S+[#$%]|\[\S+@\S+\][#$%])$/u;

/** What people write before a command that is not the command. */
const NOT_RUNNING: ReadonlySet<string> = new Set(['echo', 'printf', 'grep', 'egrep', 'rg', 'ag', 'man', 'which', 'whereis', 'type', 'alias', 'apt', 'apt-get', 'yum', 'dnf', 'apk', 'die', 'log', 'info', 'warn', 'say', 'logger', 'trap']);

/** Undefined for a command without a word. */
export function invocationOf(words: readonly ShellWord[]): Invocation | undefined {
  const first = behindKeywords(words, behindPrompt(words));
  let at = first;
  let isRaised = false;
  let isOfInit = false;
  const places: string[] = [];
  const found = (name: string, from: number, script?: Invocation['script']): Invocation => ({
    name,
    first: words[first]!,
    args: words.slice(from),
    isRaised,
    place: places.length === 0 ? '' : places.join(' '),
    isOfInit,
    script,
  });
  for (let wrappers = 0; wrappers <= MOST_WRAPPERS; wrappers++) {
    while (at < words.length && (ASSIGNMENT.test(textAt(words, at)) || isOnlyExpansion(words, at))) at++;
    const word = words[at];
    if (word === undefined) return undefined;
    // `$SYSCTL -w`: what stood before was the program.
    if (at > 0 && word.text.text === '-w') return found('sysctl', at);
    const rest = at + 1;
    const name = nameOf(word);
    if (SHELLS.has(name)) return found(name, rest, scriptOf(words, rest, name));
    const { wrapper, length } = wrapperAt(words, at, name);
    if (wrapper === undefined) {
      const hidden = sysctlBehind(words, at, name);
      return hidden === undefined ? found(name, rest) : found('sysctl', hidden);
    }
    isRaised ||= wrapper.isRaising === true;
    const behindOptions = wrapper.needsDashes === true ? behindDashesOf(words, at + length) : behindOptionsOf(words, at + length, wrapper.valued);
    if (behindOptions === undefined) return found(name, rest);
    let next = Math.min(words.length, behindOptions + (wrapper.operands ?? 0));
    if (textAt(words, next) === '--') next++;
    if (name === 'nsenter') isOfInit ||= entersInit(words.slice(rest, behindOptions));
    if (wrapper.isElsewhere === true) places.push(placeOf(words.slice(at, next)));
    if (wrapper.isShell === true && next >= words.length - 1) return found(name, rest, words[next]?.text ?? 'stdin');
    if (next >= words.length) return found(name, rest);
    at = next;
  }
  return undefined;
}

/** Without `$ ` and `user@host:~$ ` of a terminal. */
function behindPrompt(words: readonly ShellWord[]): number {
  if (words.length < 2) return 0;
  if (PROMPT.test(textAt(words, 0))) return 1;
  return words.length > 2 && /^\[\S+@/.test(textAt(words, 0)) && /\][#$%]$/.test(textAt(words, 1)) ? 2 : 0;
}

function behindKeywords(words: readonly ShellWord[], from: number): number {
  let at = from;
  while (KEYWORDS.has(textAt(words, at)) && words[at]?.isBare === true) at++;
  return at;
}

/** `$SUDO sysctl`: nothing, or a program that runs another one. */
function isOnlyExpansion(words: readonly ShellWord[], at: number): boolean {
  return textAt(words, at) === EXPANSION && at + 1 < words.length;
}

/** A wrapper by its name, and by how many words. */
function wrapperAt(words: readonly ShellWord[], at: number, name: string): { readonly wrapper: Wrapper | undefined; readonly length: number } {
  const one = WRAPPERS.get(name);
  if (one !== undefined || !TWO_WORDS.has(name)) return { wrapper: one, length: 1 };
  const two = `${name} ${textAt(words, at + 1)}`;
  const wrapper = WRAPPERS.get(two);
  return wrapper === undefined ? { wrapper: WRAPPERS.get(`${two} ${textAt(words, at + 2)}`), length: 3 } : { wrapper, length: 2 };
}

/** Behind the options and assignments that start at an index. */
export function behindOptionsOf(words: readonly ShellWord[], from: number, valued: readonly string[]): number {
  let at = from;
  for (; at < words.length; at++) {
    const text = textAt(words, at);
    if (text === '--') return at + 1;
    if (ASSIGNMENT.test(text)) continue;
    if (!text.startsWith('-') || text === '-') break;
    const isLong = text.startsWith('--');
    const option = isLong ? text.slice(2) : text.slice(1);
    // Of `-it`, only the last letter may take the next word.
    if (isLong ? valued.includes(option) : valued.includes(option.slice(-1)) && !option.slice(0, -1).split('', LONGEST_CLUSTER).some((letter) => valued.includes(letter))) at++;
  }
  return Math.min(at, words.length);
}

function placeOf(words: readonly ShellWord[]): string {
  return words.map(({ text }) => text.text.replaceAll(EXPANSION, '?')).filter((text) => text !== '--').join(' ');
}

function behindDashesOf(words: readonly ShellWord[], from: number): number | undefined {
  const at = words.findIndex((word, index) => index >= from && word.text.text === '--');
  return at < 0 ? undefined : at + 1;
}

function entersInit(options: readonly ShellWord[]): boolean {
  return /(?:^| )(?:-t ?1|--target[ =]1)(?: |$)|\/proc\/1\/ns/.test(options.map(({ text }) => text.text).join(' '));
}

/** What `sh -c` runs, or `su -c`; `stdin` if nothing else is named. */
function scriptOf(words: readonly ShellWord[], from: number, name: string): Invocation['script'] {
  let isInline = false;
  for (let at = from; at < words.length; at++) {
    const text = textAt(words, at);
    const isOption = /^[-+]./.test(text);
    if (/^-[A-Za-z]*c$/.test(text) || text === '--command') isInline = true;
    else if (text.startsWith('--command=')) return words[at]!.text.slice('--command='.length);
    else if (/^[-+][A-Za-z]*[oO]$/.test(text)) at++;
    else if (isInline && !isOption) return words[at]!.text;
    else if (!isOption && text !== '-' && name !== 'su' && name !== 'runuser') return undefined;
  }
  return isInline ? undefined : 'stdin';
}

/** Where the arguments of sysctl start in `retry 3 sysctl -w …`, with a function of the script before it. */
function sysctlBehind(words: readonly ShellWord[], at: number, name: string): number | undefined {
  if (NOT_RUNNING.has(name)) return undefined;
  for (let index = at + 1; index <= at + 2; index++) {
    if (textAt(words, index) === 'sysctl' && textAt(words, index + 1) === '-w') return index + 1;
  }
  return undefined;
}

/** The name of a program without its folder. */
export function nameOf(word: ShellWord): string {
  const { text } = word.text;
  const name = text.slice(text.lastIndexOf('/') + 1);
  return name.includes(EXPANSION) ? '' : name;
}

function textAt(words: readonly ShellWord[], at: number): string {
  return words[at]?.text.text ?? '';
}
