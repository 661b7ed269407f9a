import { nothingExtracted, type Extracted } from '../statement.ts';
import { joined } from './embedded.ts';
import type { Placement } from './settings.ts';
import { at, isScalar, mapsOf, textAt, type Tree } from './tree.ts';
import { atWhole, decodedBase64, extractWrittenFile, extractWrittenScalar } from './written-file.ts';
import { groupOf, labelOf } from './kubernetes.ts';

/** A MachineConfig of OpenShift: Ignition for nodes. */
export function extractMachineConfig(root: Tree): Extracted {
  return root.kind === 'map' ? ignition(at(root, 'spec', 'config'), { group: groupOf(labelOf([root]), root), reach: 'node', sharesHostNetwork: false }) : nothingExtracted;
}

/** Ignition and Butane by themselves; what they describe runs pods more often than not. */
export function extractIgnition(root: Tree): Extracted {
  return ignition(root, { group: groupOf('node', root), reach: 'node', sharesHostNetwork: false });
}

function ignition(config: Tree | undefined, place: Placement): Extracted {
  const files = mapsOf(at(config, 'storage', 'files')).map((file) => {
    const path = textAt(file, 'path');
    const inline = at(file, 'contents', 'inline');
    return inline === undefined ? fromUrl(path, at(file, 'contents', 'source'), textAt(file, 'contents', 'compression'), place) : extractWrittenScalar(path, inline, place);
  });
  const units = mapsOf(at(config, 'systemd', 'units')).flatMap((unit) => [unit, ...mapsOf(at(unit, 'dropins'))]);
  return joined([...files, ...units.map((unit) => extractWrittenScalar('unit.service', at(unit, 'contents'), place))]);
}

/** `data:,KEY%3DVALUE` or `data:;base64,…`; other addresses are elsewhere. */
function fromUrl(path: string | undefined, source: Tree | undefined, compression: string | undefined, place: Placement): Extracted {
  if (path === undefined || !isScalar(source) || (compression ?? '') !== '') return nothingExtracted;
  const text = decodedDataUrl(source.content.text);
  return text === undefined ? nothingExtracted : atWhole(source, extractWrittenFile(path, text, place));
}

/** Undefined for another address, and for one that cannot be decoded. */
export function decodedDataUrl(url: string): string | undefined {
  const comma = url.indexOf(',');
  if (!/^data:/i.test(url) || comma < 0) return undefined;
  const data = url.slice(comma + 1);
  if (/;base64$/i.test(url.slice(0, comma))) return decodedBase64(data);
  try {
    return decodeURIComponent(data);
  } catch {
    return undefined;
  }
}
