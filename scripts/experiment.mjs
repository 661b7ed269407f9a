// Bundles an experiment of packages/fourtuple/test/experiments and runs it: npm run experiment:erlang -- --help
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const name = process.argv[2] ?? '';
// Below the root, where its koffi is found.
const bundle = join(root, 'node_modules/.cache/fourtuple', `${name}.mjs`);
const build = await rolldown({ input: join(root, 'packages/fourtuple/test/experiments', `${name}.ts`), platform: 'node', external: ['koffi'] });
await build.write({ file: bundle, format: 'esm' });
await build.close();
process.argv.splice(2, 1);
await import(pathToFileURL(bundle).href);
