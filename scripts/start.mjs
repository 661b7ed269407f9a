// `npm start`: builds what is stale, then runs the main job on this host. Arguments go to fourtuple.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build, isStale } from './build.mjs';

if (isStale()) {
  process.stderr.write('building fourtuple ...\n');
  await build();
}
const program = fileURLToPath(new URL('../packages/fourtuple/bin/fourtuple.js', import.meta.url));
const { status, signal } = spawnSync(process.execPath, [program, ...process.argv.slice(2)], { stdio: 'inherit' });
// WARNING and CRITICAL are verdicts about the host, not failures of npm start: `npx fourtuple` has the exit codes.
process.exitCode = signal !== null || status === null ? 1 : status <= 2 ? 0 : status;
