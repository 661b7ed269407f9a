#!/usr/bin/env node
'use strict';
// Loads the bundle with V8's compiled code of what the command at hand runs: on a small host compiling would take longer
// than all the rest, and so would reading the code of other commands. The build writes a file a command for the Node that
// built; any other V8 rejects it and compiles as usual. All in one file, since finding a second one takes time as well.
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

/** V8 takes compiled code as it lies only where it begins on a word. */
const WORD = 8;

/** Which commands share what they run. */
function cacheName(inputs) {
  const first = inputs[0];
  if (first === undefined) return 'check';
  if (first[0] === '-') return /^(-[hvH]|--help|--version)$/.test(first) ? 'help' : 'check';
  if (first === 'ports') return inputs.includes('--quick') ? 'quick' : 'ports';
  // What is read is run: no other path than these.
  return /^[a-z]+$/.test(first) ? first : 'help';
}

/**
 * Compiled code by the name of its file. Its form: the length of the index, the index as JSON, then a blob a file; of one that is missing or
 * damaged, none.
 */
function readCache(path) {
  try {
    const bytes = readFileSync(path);
    const start = bytes.readUInt32LE(0);
    return new Map(JSON.parse(bytes.latin1Slice(4, start).trimEnd()).map(([name, at, length]) => [name, bytes.subarray(start + at, start + at + length)]));
  } catch {
    return new Map();
  }
}

function writeCache(path, scripts) {
  const index = [];
  const blobs = [];
  let at = 0;
  for (const [name, script] of scripts) {
    const blob = script.createCachedData();
    index.push([name, at, blob.length]);
    blobs.push(blob, Buffer.alloc(-blob.length & (WORD - 1)));
    at += blob.length + (-blob.length & (WORD - 1));
  }
  const text = JSON.stringify(index);
  const head = Buffer.alloc(4 + text.length + (-(4 + text.length) & (WORD - 1)), ' ');
  head.writeUInt32LE(head.length, 0);
  head.write(text, 4, 'latin1');
  writeFileSync(path, Buffer.concat([head, ...blobs]));
}

/**
 * @param folder of the bundle
 * @param main name of the file to begin with
 * @param inputs the command line, without the program
 * @returns what the file exports
 */
exports.load = (folder, main, inputs = []) => {
  const cachePath = `${folder}/${cacheName(inputs)}.v8`;
  const compiled = readCache(cachePath);
  const modules = new Map();
  const scripts = [];
  const evaluate = (name) => {
    const filename = `${folder}/${name}`;
    // The build writes ASCII alone, which V8 keeps in half the memory, and the function around it.
    const script = new Script(readFileSync(filename, 'latin1'), { filename, cachedData: compiled.get(name) });
    scripts.push([name, script]);
    return script.runInThisContext();
  };
  // What every command needs: one file of several modules.
  const hot = evaluate('hot.cjs');
  const load = (name) => {
    const known = modules.get(name);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    modules.set(name, module);
    const requireFrom = (id) => (id.startsWith('./') ? load(id.slice(2)) : require(id));
    requireFrom.resolve = require.resolve;
    (hot[name] ?? evaluate(name)).call(module.exports, module.exports, requireFrom, module, `${folder}/${name}`, folder);
    return module.exports;
  };
  // At the end, when the functions that a run needs have been compiled.
  if (process.env.FOURTUPLE_WRITE_CODE_CACHE === '1') process.on('exit', () => writeCache(cachePath, scripts));
  return load(main);
};

function start() {
  const folder = join(__dirname, '../dist/cli');
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || major === 21 || (major === 20 && minor < 19) || (major === 22 && minor < 3)) {
    process.stderr.write(`fourtuple needs Node.js 20.19 or later, or 22.3 or later; this is ${process.versions.node}.\n`);
    process.exitCode = 1;
  } else if (!existsSync(join(folder, 'hot.cjs'))) {
    process.stderr.write('fourtuple is not built yet: run "npm run build" in the repository.\n');
    process.exitCode = 1;
  } else {
    const inputs = process.argv.slice(2);
    exports.load(folder, 'main.cjs', inputs).main(inputs);
  }
}

// The build and a worker load the bundle by this too.
if (require.main === module) start();
