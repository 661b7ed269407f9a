'use strict';
// Loads the bundle with V8's compiled code from a file beside it: on a small host compiling would take longer than all
// the rest. The build writes these files for the Node that built; any other V8 rejects them and compiles as usual.
const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

exports.load = (folder, main) => {
  const modules = new Map();
  const scripts = [];
  const load = (name) => {
    const known = modules.get(name);
    if (known !== undefined) return known.exports;
    const filename = join(folder, name);
    // The build writes ASCII alone, which V8 keeps in half the memory, and the function around it.
    const source = readFileSync(filename, 'latin1');
    let cachedData;
    try {
      cachedData = readFileSync(`${filename}.v8`);
    } catch {
      cachedData = undefined;
    }
    const script = new Script(source, { filename, cachedData });
    scripts.push([filename, script]);
    const module = { exports: {} };
    modules.set(name, module);
    const requireFrom = (id) => (id.startsWith('./') ? load(id.slice(2)) : require(id));
    requireFrom.resolve = require.resolve;
    script.runInThisContext().call(module.exports, module.exports, requireFrom, module, filename, folder);
    return module.exports;
  };
  if (process.env.FOURTUPLE_WRITE_CODE_CACHE === '1') {
    // At the end, when the functions that a run needs have been compiled.
    process.on('exit', () => {
      for (const [filename, script] of scripts) writeFileSync(`${filename}.v8`, script.createCachedData());
    });
  }
  return load(main);
};
