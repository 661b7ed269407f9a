import { Composer, Parser, type CST, type Document } from 'yaml';

/** Deeper than anybody nests; a parser that calls itself ten times as deep runs out of stack, and not in a way that can be caught. */
const DEEPEST = 200;

/**
 * The documents of a text, each with its errors. Duplicate keys are none, nor is what only YAML 1.2 forbids though it is clear what it means.
 * Undefined for a text that is nested too deeply.
 */
export function parsedDocuments(text: string): Document.Parsed[] | undefined {
  try {
    const tokens = [...new Parser().parse(text)];
    if (isDeeperThan(DEEPEST, tokens)) return undefined;
    return [...new Composer({ uniqueKeys: false, strict: false, logLevel: 'silent', prettyErrors: false }).compose(tokens)] as Document.Parsed[];
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Looks at tokens layer by layer, without calling itself. */
function isDeeperThan(most: number, tokens: readonly CST.Token[]): boolean {
  let layer = tokens;
  for (let depth = 0; depth <= most; depth++) {
    layer = layer.flatMap(inside);
    if (layer.length === 0) return false;
  }
  return true;
}

function inside(token: CST.Token): CST.Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value];
  return 'items' in token ? token.items.flatMap(({ key, value }) => [...(key ? [key] : []), ...(value ? [value] : [])]) : [];
}
