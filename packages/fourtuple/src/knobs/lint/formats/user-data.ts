import { nothingExtracted, type Extracted } from '../statement.ts';
import { CLOUD_CONFIG, extractCloudInit } from './cloud-init.ts';
import { extractBottlerocket } from './bottlerocket.ts';
import { embedded, joined } from './embedded.ts';
import { inside, type Placement } from './settings.ts';
import type { TreeScalar } from './tree.ts';
import { extractScript } from './written-file.ts';
import { parseYaml } from './yaml-text.ts';

/** What a new machine is given to begin with: a script, a `#cloud-config`, settings of Bottlerocket, or several of them in MIME parts. */
export function extractUserData(scalar: TreeScalar, place: Placement): Extracted {
  return inside(scalar, (text) => extractUserDataText(text, place));
}

export function extractUserDataText(text: string, place: Placement): Extracted {
  if (/^\s*(?:MIME-Version|Content-Type):/i.test(text)) return joined(mimeParts(text).map(([start, part]) => embedded(extractPart(part, place), (offset) => start + offset)));
  return extractPart(text, place);
}

function extractPart(text: string, place: Placement): Extracted {
  if (CLOUD_CONFIG.test(text)) return joined(parseYaml(text).documents.map(({ root }) => (root === undefined ? nothingExtracted : extractCloudInit(root, place))));
  if (/^\s*#!/.test(text)) return extractScript(text, place);
  return /^\[settings\.kernel\.sysctl\]/m.test(text) ? extractBottlerocket(text) : extractScript(text, place);
}

/** Where scripts and configurations begin, up to the next boundary: headers have no such lines. */
function mimeParts(text: string): [number, string][] {
  return [...text.matchAll(/^[ \t]*(?:#!|#cloud-config\b|\[settings\b)/gm)].map(({ index }) => {
    const end = text.indexOf('\n--', index);
    return [index, text.slice(index, end < 0 ? undefined : end + 1)];
  });
}
