#!/usr/bin/env node
'use strict';
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const folder = join(__dirname, '../dist/cli');
if (Number(process.versions.node.split('.')[0]) < 20) {
  process.stderr.write(`fourtuple needs Node.js 20.19 or later; this is ${process.versions.node}.\n`);
  process.exitCode = 1;
} else if (!existsSync(join(folder, 'main.cjs'))) {
  process.stderr.write('fourtuple is not built yet: run "npm run build" in the repository.\n');
  process.exitCode = 1;
} else {
  require('./code-cache.js').load(folder, 'main.cjs').main();
}
