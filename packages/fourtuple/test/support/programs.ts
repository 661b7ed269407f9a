import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Address } from '../../src/model/index.ts';
import type { InstalledCli } from './installed-cli.ts';
import { liveTestObstacle } from './namespace.ts';
import { acceptSocket, bindSocket, closeSocket, connectSocket, listenSocket, makeSocket } from './sockets.ts';
import { until } from './wait.ts';

const folders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Daemons stand in folders that an ordinary PATH may lack. */
const path = [...new Set([...(process.env['PATH'] ?? '').split(':'), ...folders])].join(':');
const environment = { PATH: path, LC_ALL: 'C.UTF-8' };

/** Why a test of these programs cannot run here, or undefined when it can. */
export function programObstacle(...names: readonly string[]): string | undefined {
  const missing = names.filter((name) => !path.split(':').some((folder) => existsSync(join(folder, name))));
  return missing.length > 0 ? `${missing.join(', ')} is not installed` : liveTestObstacle();
}

/** A program that runs in this thread's network namespace, and what it writes. */
export class RunningProgram {
  readonly #child: ChildProcess;
  /** Standard output and standard error as they came. */
  output = '';

  constructor(command: readonly string[]) {
    this.#child = spawn(command[0]!, command.slice(1), { cwd: '/', env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) stream.setEncoding('utf8').on('data', (text: string) => (this.output += text));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Waits until it says so. @throws when it ends before. */
  async says(text: string): Promise<void> {
    await until(`${this.#child.spawnfile} says "${text}" (so far: ${this.output.slice(-500)})`, () => this.output.includes(text) || this.hasEnded);
    if (!this.output.includes(text)) throw new Error(`${this.#child.spawnfile} ended before it said "${text}": ${this.output.slice(-1000)}`);
  }

  /** Waits for its end. @returns its exit code. */
  async ended(): Promise<number | null> {
    await until(`${this.#child.spawnfile} ends`, () => this.hasEnded);
    return this.#child.exitCode;
  }

  async stop(): Promise<void> {
    if (!this.hasEnded) this.#child.kill('SIGTERM');
    await this.ended();
  }
}

/** Runs to the end in this thread's network namespace. */
export function runProgram(command: readonly string[]): { code: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(command[0]!, command.slice(1), { cwd: '/', env: environment, encoding: 'utf8', timeout: 60_000 });
  return { code: status, output: stdout + stderr };
}

const client = fileURLToPath(new URL('../programs/port-client.mjs', import.meta.url));

/** Another program's connection, from exactly this local port, which connect() chose. */
export class PortClient {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  private constructor(destination: string, destinationPort: number, port: number) {
    this.#child = spawn(process.execPath, [client, destination, String(destinationPort), String(port)], { env: environment, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  static async connect(destination: string, destinationPort: number, port: number): Promise<PortClient> {
    const made = new PortClient(destination, destinationPort, port);
    const answer = await made.#next();
    if (answer !== 'connected') throw new Error(`no connection from port ${port}: ${answer}`);
    return made;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  async does(deed: 'send' | 'read' | 'shutdown' | 'close'): Promise<string> {
    this.#child.stdin!.write(`${deed}\n`);
    return this.#next();
  }

  async end(): Promise<void> {
    this.#child.stdin!.end();
    await until('the client ends', () => this.#child.exitCode !== null || this.#child.signalCode !== null);
  }

  async #next(): Promise<string> {
    const { value, done } = await this.#answers.next();
    return done === true ? 'it ended' : value;
  }
}

/** A listener whose accepted connections stay open until they are closed here. */
export class SilentServer {
  readonly #listener = makeSocket({ reuseAddress: true });
  readonly #accepted: number[] = [];

  constructor(address: string, port: number) {
    const errno = bindSocket(this.#listener, Address.parse(address)!, port, false) || listenSocket(this.#listener);
    if (errno !== 0) throw new Error(`listening on ${address}:${port}: errno ${errno}`);
  }

  accept(): void {
    this.#accepted.push(acceptSocket(this.#listener));
  }

  closeAccepted(): void {
    for (const fd of this.#accepted.splice(0)) closeSocket(fd);
  }

  close(): void {
    this.closeAccepted();
    closeSocket(this.#listener);
  }
}

/** Connects until the kernel finds no port any more. @returns what holds the ports. */
export function takeAllPorts(destination: string, port: number): number[] {
  const held: number[] = [];
  for (;;) {
    const fd = makeSocket();
    if (connectSocket(fd, Address.parse(destination)!, port, false) !== 0) {
      closeSocket(fd);
      return held;
    }
    held.push(fd);
  }
}

/** The status of an HTTP answer. */
export function httpStatus(address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = get({ host: address, port, agent: false, timeout: 10_000 }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    request.on('error', reject);
    request.on('timeout', () => request.destroy(new Error('no answer')));
  });
}

/** What a server says first to who connects. */
export function greeting(address: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, timeout: 10_000 });
    socket.on('data', (bytes) => {
      socket.destroy();
      resolve(bytes.toString('latin1'));
    });
    socket.on('error', reject);
    socket.on('timeout', () => socket.destroy(new Error('no greeting')));
  });
}

export interface Remedy {
  readonly title: string;
  readonly command: string | null;
}

/** The part of fourtuple.why/1 that the tests of real programs read. */
export interface WhyDocument {
  readonly verdict: string;
  readonly errno: string | null;
  readonly clause: string | null;
  readonly title: string | null;
  readonly notes: readonly string[];
  readonly probed: boolean;
  readonly disagreement: string | null;
  readonly holders: readonly { readonly pid: number | null; readonly command: string | null; readonly unit?: string | null; readonly state: string; readonly kind: string; readonly timeWaitSecondsLeft: number | null }[];
  readonly remedies: readonly Remedy[];
  readonly log: { readonly failures: number; readonly groups: readonly { readonly cause: string; readonly program: string | null; readonly operation: string; readonly remote: { readonly host: string; readonly port: number } | null }[] } | null;
}

/** A shell in which `fourtuple` is the built one, as a person has it who pastes a command. What it writes below /var/lib is its own. */
export class Shell {
  readonly #cli: InstalledCli;
  readonly #folder = mkdtempSync(join(tmpdir(), 'fourtuple-shell-'));

  constructor(cli: InstalledCli) {
    this.#cli = cli;
    mkdirSync(join(this.#folder, 'lib'));
    const wrapper = join(this.#folder, 'fourtuple');
    writeFileSync(wrapper, `#!/bin/sh\nexec '${process.execPath}' '${cli.script}' "$@"\n`);
    chmodSync(wrapper, 0o755);
  }

  /** @param through words before the shell: nsenter and the like. */
  paste(command: string, through: readonly string[] = []): { code: number | null; output: string } {
    const words = [...through, 'unshare', '--mount', 'sh', '-c', `mount --bind '${this.#folder}/lib' /var/lib && ${command}`];
    const { status, stdout, stderr } = spawnSync(words[0]!, words.slice(1), { cwd: '/', env: { ...environment, PATH: `${this.#folder}:${path}` }, encoding: 'utf8', timeout: 120_000 });
    return { code: status, output: stdout + stderr };
  }

  why(args: readonly string[], options: { readonly input?: string; readonly through?: readonly string[] } = {}): { document: WhyDocument; code: number | null } {
    const { document, code } = this.#cli.json(['why', ...args], options);
    return { document: document as WhyDocument, code };
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
