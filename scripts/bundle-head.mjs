// What stands at the head of the command line's bundle, see pack() in build.mjs. Its text is taken as it is: it refers to
// nothing outside of itself.

/**
 * Runs the bundle: CommonJS modules by name, most of them in files of their own.
 * @param hot the modules of the same file, as functions
 * @param start what bin/fourtuple.js has: the bundle's folder, the module to begin with, `require`, the script of this
 *   file, and V8's compiled code if there is a file of it, with its path
 * @returns what the module exports
 */
export function runBundle(hot, { folder, main, script, require, cachePath, cache }) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || major === 21 || (major === 20 && minor < 19) || (major === 22 && minor < 3)) {
    return {
      main() {
        process.stderr.write(`fourtuple needs Node.js 20.19 or later, or 22.3 or later; this is ${process.versions.node}.\n`);
        process.exitCode = 1;
      },
    };
  }
  // A file of compiled code: its length, the end of the first file's code, and where the index begins, 4 bytes each; that
  // code, which is this file's; one of each other file; which those are, as JSON.
  const scripts = [['hot.cjs', script]];
  const compiled = new Map();
  let isRead = cache === undefined;
  const compiledOf = (name) => {
    if (!isRead) {
      isRead = true;
      try {
        const [end, , index] = new Uint32Array(cache.buffer, 0, 3);
        for (const [file, from, to] of JSON.parse(String.fromCharCode(...cache.subarray(index, end)))) compiled.set(file, cache.subarray(from, to));
      } catch {
        // Damaged: V8 compiles.
      }
    }
    return compiled.get(name);
  };
  const evaluate = (name) => {
    const filename = `${folder}/${name}`;
    const other = new script.constructor(require('node:fs').readFileSync(filename, 'utf8'), { filename, cachedData: compiledOf(name) });
    scripts.push([name, other]);
    return other.runInThisContext();
  };
  const modules = new Map();
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
  if (process.env.FOURTUPLE_WRITE_CODE_CACHE === '1') {
    // At the end, when the functions that a run needs have been compiled.
    process.on('exit', () => {
      // V8 takes compiled code as it lies only where it begins on a word.
      const word = 8;
      const head = Buffer.alloc(2 * word);
      const parts = [head];
      const index = [];
      let at = head.length;
      for (const [name, made] of scripts) {
        const blob = made.createCachedData();
        const rest = -blob.length & (word - 1);
        index.push([name, at, at + blob.length]);
        parts.push(blob, Buffer.alloc(rest));
        at += blob.length + rest;
      }
      const text = Buffer.from(JSON.stringify(index.slice(1)), 'latin1');
      [at + text.length, index[0][2], at].forEach((number, place) => head.writeUInt32LE(number, place * 4));
      const whole = Buffer.concat([...parts, text]);
      require('node:fs').writeFileSync(cachePath, whole);
    });
  }
  return load(main);
}
