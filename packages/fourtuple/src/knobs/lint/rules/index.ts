import type { GroupRule, RuleInfo } from '../rule.ts';
import { commandRules } from './commands.ts';
import { keyRules } from './keys.ts';
import { mythRules } from './myths.ts';
import { orderRules } from './order.ts';
import { portRules } from './ports.ts';
import { scopeRules } from './scope.ts';
import { textRules } from './texts.ts';
import { valueRules } from './values.ts';

/** Rules about settings, in the order of their subjects. */
export const groupRules: readonly GroupRule[] = [...commandRules, ...keyRules, ...valueRules, ...mythRules, ...portRules, ...scopeRules, ...orderRules];

/** Every rule that there is, by its id. */
export const lintRules: ReadonlyMap<string, RuleInfo> = new Map([...textRules, ...groupRules].map((rule) => [rule.id, rule]));
