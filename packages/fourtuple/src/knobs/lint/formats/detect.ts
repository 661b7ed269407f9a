import { nothingExtracted, type Extracted, type Reach } from '../statement.ts';
import { extractBottlerocket } from './bottlerocket.ts';
import { extractDockerfile } from './dockerfile.ts';
import { formatOf, type Format } from './format-of.ts';
import { extractIni } from './ini.ts';
import { extractMarkdown, pickPlain } from './markdown.ts';
import { extractNix } from './nix.ts';
import { extractShell } from './shell.ts';
import { extractSysctlFile } from './sysctl-file.ts';
import { extractSystemdUnit } from './systemd.ts';
import { extractTerraform } from './terraform.ts';
import { extractUserDataText } from './user-data.ts';
import { extractYaml } from './yaml-kinds.ts';

export { formatOf, type Format } from './format-of.ts';

export interface ExtractOptions {
  /** Of Markdown, what stands outside of code too. */
  readonly prose?: boolean;
}

/** Text in text in text: a here-document of a script in a block of a page. */
const DEEPEST = 3;

/** What a file sets, read by its name and its content; nothing of a file that is read in no way. Takes any text. */
export function extract(path: string, text: string, options: ExtractOptions = {}): Extracted {
  return extractAs(formatOf(path, text), path, text, options, 0);
}

function extractAs(format: Format, path: string, text: string, { prose = false }: ExtractOptions, depth: number): Extracted {
  if (depth > DEEPEST) return nothingExtracted;
  const host = { group: 'host', reach: 'host' as Reach };
  const inner = (innerPath: string, content: string): Extracted => extractInner(innerPath, content, depth + 1);
  switch (format) {
    case 'sysctl':
      return extractSysctlFile(text, path);
    case 'ini':
      return extractIni(text, { group: 'profile', reach: 'host' });
    case 'yaml':
      return extractYaml(text, path);
    case 'shell':
      return extractShell(text, { ...host, inner });
    case 'dockerfile':
      return extractDockerfile(text);
    case 'systemd':
      return extractSystemdUnit(text);
    case 'terraform':
      return extractTerraform(text, (content) => extractYaml(content, path));
    case 'nix':
      return extractNix(text);
    case 'bottlerocket':
      return extractBottlerocket(text);
    case 'user-data':
      return extractUserDataText(text, { ...host, sharesHostNetwork: false });
    case 'markdown':
      return extractMarkdown(text, path, (language, content) => extractBlock(language, content, depth + 1), { prose });
    case 'other':
      return nothingExtracted;
  }
}

/** A here-document, by the file that it becomes or the program that reads it. */
function extractInner(path: string, content: string, depth: number): Extracted {
  const format = formatOf(path, content);
  return extractAs(format === 'other' && /^(?:kubectl|oc|docker|docker-compose|podman|helm|ansible-playbook)$/.test(path) ? 'yaml' : format, path, content, {}, depth);
}

/** Languages of code blocks that are not settings or commands by themselves. */
const BLOCK_FORMATS: Readonly<Record<string, Format>> = { yaml: 'yaml', yml: 'yaml', json: 'yaml', 'docker-compose': 'yaml', compose: 'yaml', hcl: 'terraform', terraform: 'terraform', tf: 'terraform', nix: 'nix', dockerfile: 'dockerfile', docker: 'dockerfile', systemd: 'systemd' };

function extractBlock(language: string, content: string, depth: number): Extracted {
  const format = Object.hasOwn(BLOCK_FORMATS, language) ? BLOCK_FORMATS[language] : undefined;
  if (format !== undefined) {
    const found = extractAs(format, `block.${language}`, content, {}, depth);
    // Pages show parts of files: what cannot be parsed is an ellipsis more often than a mistake.
    return { ...found, problems: [] };
  }
  if (/^[ \t]*\[(?:sysctl|settings\.kernel\.sysctl)\]/m.test(content)) return extractAs(/^[ \t]*\[sysctl\]/m.test(content) ? 'ini' : 'bottlerocket', 'block.conf', content, {}, depth);
  return pickPlain(language, content);
}
