// enter-namespace.mjs LIBRARY PATH INODE: enters a namespace by the built library and prints the error's name, or "entered".
import { pathToFileURL } from 'node:url';

const [library, path, inode] = process.argv.slice(2);
const { withNamespace } = await import(pathToFileURL(`${library}/kernel.js`).href);
try {
  withNamespace({ inode: Number(inode), name: 'test', paths: [path], heldBy: 'descriptor', pid: undefined }, () => undefined);
  process.stdout.write('entered\n');
} catch (error) {
  process.stdout.write(`${error.name}\n`);
}
