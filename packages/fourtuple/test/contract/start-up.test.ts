import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InstalledCli } from '../support/installed-cli.ts';

// How the command line is loaded: by V8's compiled code, and without.

let cli: InstalledCli;
let bundle: string;

beforeAll(() => {
  cli = new InstalledCli();
  bundle = join(dirname(cli.script), '../dist/cli');
}, 120_000);

afterAll(() => {
  cli.close();
});

/** Tells on standard error of each file of the bundle whether its compiled code was taken. */
const spy = `const vm = require('node:vm');
vm.Script = class extends vm.Script {
  constructor(text, options) {
    super(text, options);
    process._rawDebug(options.filename.split('/').at(-1) + ' ' + (options.cachedData === undefined ? 'without' : this.cachedDataRejected ? 'rejected' : 'taken'));
  }
};`;

function filesOf(args: readonly string[]): string[] {
  const preload = join(cli.folder, 'spy.cjs');
  writeFileSync(preload, spy);
  const { err } = cli.run(args, { env: { NODE_OPTIONS: `--require ${preload}` } });
  expect(err).toMatch(/^([\w.-]+\.cjs \w+\n)+$/);
  return err.trimEnd().split('\n');
}

const commands = [
  { args: ['check', '--json'], file: 'check.v8' },
  { args: ['ports', '--quick', '--json'], file: 'quick.v8' },
  { args: ['ports', '--json'], file: 'ports.v8' },
  { args: ['sockets', '--json'], file: 'sockets.v8' },
  { args: ['who', '22'], file: 'who.v8' },
  { args: ['why', 'bind', '127.0.0.1:22', '--json'], file: 'why.v8' },
  { args: ['--version'], file: 'help.v8' },
];

describe.each(commands)('fourtuple $args', ({ args, file }) => {
  it('runs the compiled code of every file that it loads', () => {
    expect(filesOf(args).filter((line) => !line.endsWith(' taken'))).toEqual([]);
  });

  it('answers without its compiled code, and with a damaged file of it', () => {
    const path = join(bundle, file);
    const whole = readFileSync(path);
    const words = (...numbers: number[]): Buffer => Buffer.concat([Buffer.from(Uint32Array.from(numbers).buffer), whole.subarray(numbers.length * 4)]);
    const [length, end, index] = new Uint32Array(Uint8Array.from(whole.subarray(0, 12)).buffer);
    const first = cli.run(args);
    try {
      for (const damaged of [
        Buffer.alloc(0),
        whole.subarray(0, 10),
        whole.subarray(0, whole.length / 2),
        Buffer.alloc(whole.length),
        words(length! + 8),
        words(length!, 0),
        words(length!, 4_294_967_295),
        words(length!, end!, 4_294_967_295),
        words(length!, end!, 16),
        Buffer.concat([whole.subarray(0, index), Buffer.alloc(length! - index!, 'x')]),
        undefined,
      ]) {
        rmSync(path, { force: true });
        if (damaged !== undefined) writeFileSync(path, damaged);
        const { code, out, err } = cli.run(args);
        expect([code, firstLine(out), err]).toEqual([first.code, firstLine(first.out), '']);
      }
    } finally {
      writeFileSync(path, whole);
    }
  });
});

const firstLine = (text: string): string => text.split('\n', 2).join(' ');

describe('what cannot run', () => {
  it('says that it is not built', () => {
    const hot = join(bundle, 'hot.cjs');
    renameSync(hot, `${hot}.gone`);
    try {
      expect(cli.run(['check'])).toMatchObject({ code: 1, out: '', err: 'fourtuple is not built yet: run "npm run build" in the repository.\n' });
    } finally {
      renameSync(`${hot}.gone`, hot);
    }
  });

  it.each([
    ['20.18.3', '{}'],
    ['21.7.0', '{}'],
    ['22.2.0', '{}'],
    ['18.20.0', '{ getBuiltinModule: { value: undefined } }'],
  ])('says that Node %s is too old', (version, properties) => {
    const preload = join(cli.folder, 'old.cjs');
    writeFileSync(preload, `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });\nObject.defineProperties(process, ${properties});`);
    const { code, out, err } = cli.run(['check'], { env: { NODE_OPTIONS: `--require ${preload}` } });
    expect([code, out, err]).toEqual([1, '', `fourtuple needs Node.js 20.19 or later, or 22.3 or later; this is ${version}.\n`]);
  });
});
