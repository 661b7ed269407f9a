// Who may import whom: the arrows of docs/contributing/architecture.md, enforced.
const pure = ['model', 'law', 'filter', 'usage', 'diagnose', 'report', 'plan', 'knobs'];
const allowed = {
  model: [],
  law: ['model'],
  filter: ['model'],
  report: ['model'],
  usage: ['law', 'model'],
  diagnose: ['law', 'usage', 'knobs', 'model'],
  plan: ['model'],
  knobs: ['model'],
  kernel: ['model'],
  observe: ['kernel', 'filter', 'usage', 'law', 'model'],
  pool: ['kernel', 'plan', 'model'],
  tune: ['observe', 'kernel', 'usage', 'knobs', 'plan', 'diagnose', 'model'],
  journal: [],
  free: ['journal', 'observe', 'kernel', 'filter', 'usage', 'model'],
  spread: ['journal', 'kernel', 'model'],
};
const src = 'packages/fourtuple/src';

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    ...Object.entries(allowed).map(([layer, targets]) => ({
      name: `${layer}-imports-only-what-it-may`,
      severity: 'error',
      from: { path: `^${src}/${layer}/`, pathNot: '\\.test\\.ts$' },
      to: { path: `^${src}/`, pathNot: `^${src}/(${[layer, ...targets].join('|')})/` },
    })),
    {
      name: 'pure-layers-do-no-io',
      severity: 'error',
      comment: 'The pure layers run in a browser too: no Node module, no clock, no process. Of libraries only the YAML parser, which runs there as well, and that in one folder.',
      from: { path: `^${src}/(${pure.join('|')})/`, pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core', 'npm', 'npm-optional', 'npm-dev'], pathNot: 'node_modules/yaml/' },
    },
    { name: 'yaml-in-lint-formats', severity: 'error', from: { path: `^${src}/(${pure.join('|')})/`, pathNot: `^${src}/knobs/lint/formats/` }, to: { path: 'node_modules/yaml/' } },
    {
      name: 'koffi-only-in-kernel',
      severity: 'error',
      from: { path: `^${src}/`, pathNot: `^${src}/kernel/` },
      to: { path: 'koffi' },
    },
    {
      name: 'no-asynchronous-files-in-kernel',
      severity: 'error',
      comment: "libuv's thread pool may live in another network namespace.",
      from: { path: `^${src}/(kernel|observe)/`, pathNot: '\\.test\\.ts$' },
      to: { path: '^(node:)?(fs/promises|dns|net|http|child_process)' },
    },
    {
      name: 'one-thread-in-kernel',
      severity: 'error',
      comment: 'A thread lives in the network namespace that it was started in: the only one reads what was opened for it.',
      from: { path: `^${src}/(kernel|observe)/`, pathNot: `\\.test\\.ts$|^${src}/kernel/two-readers\\.ts$` },
      to: { path: '^(node:)?worker_threads' },
    },
    {
      name: 'commands-do-not-import-each-other',
      severity: 'error',
      from: { path: `^${src}/cli/commands/([^/]+)/` },
      to: { path: `^${src}/cli/commands/`, pathNot: `^${src}/cli/commands/$1/` },
    },
    { name: 'nothing-imports-the-cli', severity: 'error', from: { path: `^${src}/(?!cli/)`, pathNot: '\\.test\\.ts$' }, to: { path: `^${src}/cli/` } },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.mjs', '.cjs'] },
  },
};
