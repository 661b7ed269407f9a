import type { CookedText } from './cooked-text.ts';
import type { Invocation } from './shell-invocation.ts';
import { optionSetting, type WrittenSetting } from './shell-statements.ts';
import type { ShellWord } from './shell-words.ts';
import type { Span } from '../statement.ts';

/** What `docker run` and its likes ask of a container runtime. */
export interface ContainerRun {
  /** `docker run` */
  readonly name: string;
  readonly settings: readonly WrittenSetting[];
  readonly ports: readonly { readonly port: number; readonly span: Span }[];
  readonly sharesHostNetwork: boolean;
  /** The command in the container, without the image; empty for the image's own. */
  readonly command: readonly ShellWord[];
}

const RUNTIMES: ReadonlySet<string> = new Set(['docker', 'podman', 'nerdctl', 'finch']);

/** Words between the runtime and the options. */
const VERBS: readonly (readonly string[])[] = [['run'], ['create'], ['container', 'run'], ['container', 'create'], ['service', 'create'], ['service', 'update'], ['pod', 'create']];

/** Options of docker, podman and nerdctl that take no value; all others do. */
const SWITCHES: ReadonlySet<string> = new Set([
  'detach', 'init', 'interactive', 'no-healthcheck', 'oom-kill-disable', 'privileged', 'publish-all', 'quiet', 'read-only', 'rm', 'sig-proxy', 'tty', 'use-api-socket', 'disable-content-trust', 'help',
  'env-host', 'http-proxy', 'no-hosts', 'no-hostname', 'passwd', 'read-only-tmpfs', 'replace', 'rmi', 'rootfs', 'tls-verify', 'unsetenv-all', 'infra', 'share-parent', 'force', 'no-resolve-image', 'with-registry-auth', 'rollback',
]);
const SHORT_SWITCHES = 'ditPq';

/** Global options of docker with a value, before the verb. */
const GLOBAL_VALUED: ReadonlySet<string> = new Set(['-H', '--host', '-c', '--context', '--config', '-l', '--log-level', '--namespace', '-n', '--address', '-a', '--connection', '--root', '--url']);

/** Undefined for a command that starts no container. */
export function containerRun({ name, args }: Invocation): ContainerRun | undefined {
  if (!RUNTIMES.has(name)) return undefined;
  let at = 0;
  while (args[at]?.text.text.startsWith('-') === true) at += GLOBAL_VALUED.has(args[at]!.text.text) ? 2 : 1;
  const verb = VERBS.find((words) => words.every((word, index) => args[at + index]?.text.text === word));
  if (verb === undefined) return undefined;
  at += verb.length;
  const settings: WrittenSetting[] = [];
  const ports: { readonly port: number; readonly span: Span }[] = [];
  let sharesHostNetwork = false;
  while (at < args.length) {
    const word = args[at]!;
    const option = optionOf(word);
    if (option === undefined) break;
    at++;
    if (option.name === '--') break;
    if (option.isSwitch) continue;
    const value = option.value ?? args[at]?.text;
    const last = option.value === undefined ? args[at++] : word;
    if (value === undefined || last === undefined) break;
    switch (option.name) {
      case 'sysctl':
      case 'sysctl-add': {
        const { setting, taken } = optionSetting(value, word, last, args.slice(at, at + MOST_NUMBERS));
        at += taken;
        if (setting !== undefined) settings.push(setting);
        break;
      }
      case 'network':
      case 'net':
        sharesHostNetwork = /^host(?:$|:)/.test(value.text);
        break;
      case 'p':
      case 'publish':
      case 'publish-add':
      case 'expose':
        ports.push(...portsOf(value));
        break;
      default:
    }
  }
  return { name: `${name} ${verb.join(' ')}`, settings, ports: sharesHostNetwork ? [] : ports, sharesHostNetwork, command: verb.at(-1) === 'run' || verb.at(-1) === 'create' ? args.slice(at + 1) : [] };
}

/** No sysctl has more. */
const MOST_NUMBERS = 8;

interface Option {
  readonly name: string;
  readonly isSwitch: boolean;
  /** In the same word. */
  readonly value: CookedText | undefined;
}

/** Undefined for what is no option: the image. */
function optionOf({ text }: ShellWord): Option | undefined {
  if (text.text === '--') return { name: '--', isSwitch: true, value: undefined };
  if (!text.text.startsWith('-') || text.text === '-') return undefined;
  if (text.text.startsWith('--')) {
    const equals = text.text.indexOf('=');
    const name = text.text.slice(2, equals < 0 ? undefined : equals);
    return { name, isSwitch: SWITCHES.has(name), value: equals < 0 ? undefined : text.slice(equals + 1) };
  }
  // -itp 80:80
  let index = 1;
  while (index < text.text.length && SHORT_SWITCHES.includes(text.text[index]!)) index++;
  if (index === text.text.length) return { name: text.text.slice(1), isSwitch: true, value: undefined };
  return { name: text.text[index]!, isSwitch: false, value: index + 1 < text.text.length ? text.slice(text.text[index + 1] === '=' ? index + 2 : index + 1) : undefined };
}

/** The ports in the container of `8080:80/tcp`, `127.0.0.1:8080:80`, `target=80,published=8080`; the first and the last of a range. */
export function portsOf(value: CookedText): { readonly port: number; readonly span: Span }[] {
  const found = /(?:^|:|\btarget=)(\d{1,5})(?:-(\d{1,5}))?(?=$|[/,])/.exec(value.text.replace(/^\[[^\]]*\]/, (address) => '.'.repeat(address.length)));
  if (found === null) return [];
  const from = found.index + found[0].indexOf(found[1]!);
  const span = value.span(from, found.index + found[0].length);
  const numbers = [found[1], found[2]].flatMap((number) => (number === undefined ? [] : [Number(number)]));
  return [...new Set(numbers)].filter((port) => port > 0 && port < 65_536).map((port) => ({ port, span }));
}
