import type { Extracted } from '../statement.ts';
import { joined } from './embedded.ts';
import type { Placement } from './settings.ts';
import { at, mapsOf, textAt, type Tree } from './tree.ts';
import { extractCommands, extractWrittenScalar } from './written-file.ts';

/** The first line that tells cloud-init what it reads. */
export const CLOUD_CONFIG = /^\ufeff?\s*(?:##[^\n]*\n\s*)?#cloud-config\b/;

/** A `#cloud-config`: one host, on which bootcmd runs first, then files are written, then runcmd runs. */
export function extractCloudInit(root: Tree, place: Placement = { group: 'host', reach: 'host', sharesHostNetwork: false }): Extracted {
  const files = mapsOf(at(root, 'write_files')).map((file) => extractWrittenScalar(textAt(file, 'path'), at(file, 'content'), place, textAt(file, 'encoding')));
  return joined([...extractCommands(at(root, 'bootcmd'), place), ...files, ...extractCommands(at(root, 'runcmd'), place)]);
}
