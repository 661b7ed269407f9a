#!/usr/bin/env node
'use strict';
// Starts the bundle with V8's compiled code of it (docs/decisions/0003). V8 compiles this file anew in every run, so it
// holds no more than it takes to find that code; the bundle's own head does the rest (scripts/bundle-head.mjs).

// As require(), which looks for a file first; not there before Node 20.16.
const builtin = process.getBuiltinModule ?? require;
const { closeSync, openSync, readFileSync, readSync } = builtin('node:fs');
const { Script } = builtin('node:vm');

/** Memory for the largest file of compiled code; what is not written to costs nothing. */
const ROOM = 1 << 20;

/** Of commands that run the same code. What is read is run: no other path than these. */
function cacheName(first, inputs) {
  if (first === undefined) return 'check';
  if (first === 'ports') return inputs.includes('--quick') ? 'quick' : 'ports';
  if (first[0] === '-') return /^(-[hvH]|--help|--version)$/.test(first) ? 'help' : 'check';
  return /^[a-z]+$/.test(first) ? first : 'help';
}

/**
 * @param folder of the bundle
 * @param main name of the file to begin with
 * @param inputs the command line, without the program
 * @returns what the file exports
 */
exports.load = (folder, main, inputs = []) => {
  const filename = `${folder}/hot.cjs`;
  const cachePath = `${folder}/${cacheName(inputs[0], inputs)}.v8`;
  const cache = new Uint8Array(ROOM);
  let cachedData;
  try {
    const fd = openSync(cachePath, 'r');
    const length = readSync(fd, cache, 0, ROOM, 0);
    closeSync(fd);
    // How long it is, and where the code of the first file ends.
    const [whole, end] = new Uint32Array(cache.buffer, 0, 2);
    if (whole === length) cachedData = cache.subarray(16, end);
  } catch {
    // V8 compiles.
  }
  const script = new Script(readFileSync(filename, 'utf8'), { filename, cachedData });
  return script.runInThisContext()({ folder, main, script, require, cachePath, cache: cachedData && cache });
};

function start() {
  const inputs = process.argv.slice(2);
  let main;
  try {
    ({ main } = exports.load(`${__dirname.slice(0, -'/bin'.length)}/dist/cli`, 'main.cjs', inputs));
  } catch (error) {
    if (error.code !== 'ENOENT' || !error.path.endsWith('/hot.cjs')) throw error;
    process.stderr.write('fourtuple is not built yet: run "npm run build" in the repository.\n');
    process.exitCode = 1;
    return;
  }
  main(inputs);
}

// The build and a worker load the bundle by this too.
if (require.main === module) start();
