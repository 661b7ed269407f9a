/** How much a result matters, in SARIF's words. */
export type ReportLevel = 'error' | 'warning' | 'note';

export interface SarifTool {
  readonly name: string;
  readonly version: string;
  readonly informationUri?: string;
}

export interface SarifRule {
  readonly id: string;
  /** One sentence. */
  readonly shortDescription: string;
  readonly fullDescription: string;
  /** What to do about it, as plain text; shown where no Markdown is. */
  readonly helpText: string;
  readonly helpMarkdown?: string;
  /** Of most of its results. */
  readonly level: ReportLevel;
}

/** Lines and columns from 1, columns in UTF-16 units; the end is behind the last character. */
export interface SarifRegion {
  readonly startLine: number;
  readonly startColumn: number;
  readonly endLine: number;
  readonly endColumn: number;
}

export interface SarifFix {
  readonly description: string;
  /** In the file of the result; they do not overlap. An empty text takes the region out. */
  readonly replacements: readonly { readonly region: SarifRegion; readonly text: string }[];
}

export interface SarifResult {
  readonly ruleId: string;
  readonly level: ReportLevel;
  readonly message: string;
  /** Absolute, or relative to the root of the sources. */
  readonly file: string;
  readonly region: SarifRegion;
  /** The text of the region. With it a result stays the same one when its message changes. */
  readonly snippet?: string;
  readonly fixes?: readonly SarifFix[];
  /** From comments in the file: the result is shown as dismissed. */
  readonly suppressions?: readonly { readonly justification: string }[];
}

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json';

/** Names what a fingerprint is made of; another number for another recipe. */
const FINGERPRINT = 'ruleFileText/v1';

/** A log of SARIF 2.1.0 (OASIS) with one run, ready for JSON.stringify(). Results keep their order. */
export function sarifLog(results: readonly SarifResult[], rules: readonly SarifRule[], tool: SarifTool): object {
  const indexes = new Map(rules.map(({ id }, index) => [id, index]));
  const fingerprints = fingerprintsOf(results);
  // A run has suppressions for all of its results or for none (3.27.23): an empty list says "not suppressed".
  const isAnySuppressed = results.some(({ suppressions }) => suppressions !== undefined);
  return {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { ...tool, rules: rules.map(descriptor) } },
        columnKind: 'utf16CodeUnits',
        results: results.map((result, index) => ({
          ruleId: result.ruleId,
          ...(indexes.has(result.ruleId) ? { ruleIndex: indexes.get(result.ruleId) } : {}),
          level: result.level,
          message: { text: result.message },
          locations: [{ physicalLocation: { artifactLocation: artifactLocation(result.file), region: { ...region(result.region), ...(result.snippet === undefined ? {} : { snippet: { text: result.snippet } }) } } }],
          partialFingerprints: { [FINGERPRINT]: fingerprints[index] },
          ...(result.fixes === undefined || result.fixes.length === 0 ? {} : { fixes: result.fixes.map((fix) => fixObject(fix, result.file)) }),
          ...(isAnySuppressed ? { suppressions: (result.suppressions ?? []).map(({ justification }) => ({ kind: 'inSource', justification })) } : {}),
        })),
      },
    ],
  };
}

function descriptor({ id, shortDescription, fullDescription, helpText, helpMarkdown, level }: SarifRule): object {
  return {
    id,
    shortDescription: { text: shortDescription },
    fullDescription: { text: fullDescription },
    help: { text: helpText, ...(helpMarkdown === undefined ? {} : { markdown: helpMarkdown }) },
    defaultConfiguration: { level },
  };
}

function region({ startLine, startColumn, endLine, endColumn }: SarifRegion): SarifRegion {
  return { startLine, startColumn, endLine, endColumn };
}

function fixObject({ description, replacements }: SarifFix, file: string): object {
  return {
    description: { text: description },
    artifactChanges: [{ artifactLocation: artifactLocation(file), replacements: replacements.map((one) => ({ deletedRegion: region(one.region), insertedContent: { text: one.text } })) }],
  };
}

function artifactLocation(file: string): object {
  return file.startsWith('/') ? { uri: `file://${encodedPath(file)}` } : { uri: encodedPath(file.replace(/^(?:\.\/+)+/, '')), uriBaseId: '%SRCROOT%' };
}

/** Each name percent-encoded; a surrogate without its other half, which has no encoding, as U+FFFD. */
function encodedPath(path: string): string {
  return path.replace(/[\ud800-\udfff]/gu, '\ufffd').split('/').map(encodeURIComponent).join('/');
}

/**
 * What stays of a result when lines are added or taken out above it: rule, file and text, and its number among those that have all three alike.
 * Without a snippet the message stands for the text, less the places that it names.
 */
function fingerprintsOf(results: readonly SarifResult[]): string[] {
  const counts = new Map<string, number>();
  return results.map(({ ruleId, file, snippet, message }) => {
    const text = snippet?.trim().replace(/\s+/g, ' ') ?? message.replace(/\b(lines?) \d+|:\d+(?::\d+)?\b/g, '$1');
    const hash = fnv1a([ruleId, file, text].join('\0'));
    const count = (counts.get(hash) ?? 0) + 1;
    counts.set(hash, count);
    return `${hash}:${count}`;
  });
}

/** FNV-1a of 64 bits over UTF-16 units, as 16 hexadecimal digits. */
function fnv1a(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (let at = 0; at < text.length; at++) hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(at))) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}
