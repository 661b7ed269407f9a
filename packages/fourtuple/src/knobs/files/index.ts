export { parseSysctlFile } from './parse.ts';
export { printSysctlFile } from './print.ts';
export { dottedKey, sysctlPath } from './key.ts';
export { effectiveSettings, type EffectiveSetting, type EffectiveSettings, type HiddenSetting, type HostKeys, type PlacedExclusion, type PlacedSetting } from './effective.ts';
export { inReadingOrder, lastSysctlFile, sysctlFolders, type ReadingOrder, type UnreadFile } from './precedence.ts';
export { sysctlProblemText, type SysctlProblem } from './problem.ts';
export type { SysctlExclusion, SysctlFile, SysctlLine, SysctlSetting, SysctlText } from './line.ts';
