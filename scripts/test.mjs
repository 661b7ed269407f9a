// `npm test`: installs with apt what the tests need where it may, then builds, checks and tests, and ends with one
// line of counts. `--only NAME` runs the test files whose path contains NAME, and nothing else. `--operations N` tries so
// many operations in the oracle of the port law.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, isStale } from './build.mjs';
import { leftovers, leftSince } from './leftovers.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const home = join(root, 'packages/fourtuple');
const own = new Set(['--only', '--operations']);
const valueOf = (option) => (process.argv.includes(option) ? process.argv[process.argv.indexOf(option) + 1] : undefined);
const only = valueOf('--only');
const operations = valueOf('--operations');
const passOn = process.argv.slice(2).filter((argument, index, all) => !own.has(argument) && !own.has(all[index - 1]));

/** Programs that the tests meet, and the Debian package of each. */
const needed = {
  ss: 'iproute2',
  setpriv: 'util-linux',
  strace: 'strace',
  cc: 'gcc',
  zsh: 'zsh',
  fish: 'fish',
  mandoc: 'mandoc',
  python3: 'python3-minimal',
  mariadbd: 'mariadb-server',
  nginx: 'nginx',
  haproxy: 'haproxy',
  bpftool: 'bpftool',
  'llvm-mc': 'llvm',
  curl: 'curl',
  wrk: 'wrk',
};

const environment = { ...process.env };
// Some machines set it, and every start of Node 20 then reads all certificates.
delete environment.NODE_EXTRA_CA_CERTS;
if (operations !== undefined) environment.FOURTUPLE_OPERATIONS = operations;

function installed(program) {
  return (environment.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program)));
}

function run(command, args, options = {}) {
  return spawnSync(command, args, { cwd: root, stdio: 'inherit', env: environment, ...options });
}

async function installPrograms() {
  const missing = Object.entries(needed).filter(([program]) => !installed(program));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map(([, name]) => name))];
  if (process.getuid?.() !== 0 || !installed('apt-get')) {
    console.log(`not installed: ${packages.join(', ')} (that takes root on Debian): the tests that need them are skipped and say so`);
    return;
  }
  console.log(`installing with apt what the tests need: ${packages.join(', ')}`);
  const quiet = { stdio: ['ignore', 'ignore', 'inherit'], env: { ...environment, DEBIAN_FRONTEND: 'noninteractive' } };
  await withoutServices(() => {
    run('apt-get', ['update', '-qq'], quiet);
    for (const name of packages) {
      if (run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], quiet).status !== 0) console.log(`apt could not install ${name}: the tests that need it are skipped and say so`);
    }
  });
}

const policy = '/usr/sbin/policy-rc.d';
const forbidding = '#!/bin/sh\n# Written by the tests of fourtuple while they install packages.\nexit 101\n';

/** Installs while no package may start its service; a policy that the host has stays as it is. */
async function withoutServices(install) {
  // Interrupted while it waits for apt, it still takes the policy away: else no service would start here ever after.
  let interrupted;
  const remember = (signal) => {
    interrupted = signal;
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, remember);
  const isOurs = !existsSync(policy) || readFileSync(policy, 'utf8') === forbidding;
  if (isOurs) writeFileSync(policy, forbidding, { mode: 0o755 });
  try {
    install();
  } finally {
    if (isOurs) rmSync(policy, { force: true });
    // A signal that came meanwhile is told in the next turns of the event loop.
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
    for (const signal of signals) process.off(signal, remember);
    if (interrupted !== undefined) process.kill(process.pid, interrupted);
  }
}

const counts = { passed: 0, failed: 0, skipped: 0 };

function step(name, command, args) {
  const { status } = run(command, args);
  counts[status === 0 ? 'passed' : 'failed']++;
  console.log(`${status === 0 ? 'ok' : 'FAILED'}: ${name}`);
}

function runVitest() {
  const folder = mkdtempSync(join(tmpdir(), 'fourtuple-test-'));
  const report = join(folder, 'report.json');
  const { status } = run(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...(only === undefined ? [] : [only]), ...passOn], { cwd: home });
  if (existsSync(report)) {
    const result = JSON.parse(readFileSync(report, 'utf8'));
    counts.passed += result.numPassedTests;
    counts.failed += result.numFailedTests;
    counts.skipped += result.numPendingTests + result.numTodoTests;
    for (const file of result.testResults) {
      if (file.status === 'failed' && file.assertionResults.length === 0) counts.failed++;
      for (const test of file.assertionResults) if (test.status === 'skipped' || test.status === 'pending') console.log(`skipped: ${test.fullName}`);
    }
    if (status !== 0 && counts.failed === 0) counts.failed++;
  } else {
    counts.failed++;
  }
  rmSync(folder, { recursive: true, force: true });
}

if (only === undefined) await installPrograms();
if (isStale()) await build();
if (only === undefined) {
  const script = (name) => [process.execPath, [join(root, 'scripts', name)]];
  step('types', process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'packages/fourtuple/tsconfig.json']);
  step('types of the benchmarks', process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'packages/bench/tsconfig.json']);
  step('lint', process.execPath, [join(root, 'node_modules/oxlint/bin/oxlint'), '--config', '.oxlintrc.json', '--type-aware', 'packages/fourtuple/src', 'packages/fourtuple/test', 'packages/bench/src', 'scripts']);
  step('boundaries', ...script('boundaries.mjs'));
  step('generated pages are fresh', process.execPath, [join(root, 'scripts/docs.mjs'), '--check']);
}
const before = leftovers();
runVitest();
const left = await leftSince(before);
for (const one of left) console.log(`left in the kernel: ${one}`);
counts[left.length === 0 ? 'passed' : 'failed']++;
console.log(`${left.length === 0 ? 'ok' : 'FAILED'}: nothing is left in the kernel`);
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
