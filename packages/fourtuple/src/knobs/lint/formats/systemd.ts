import { extractShell } from './shell.ts';
import { unitCommands } from './unit-commands.ts';
import type { Extracted, Reach } from '../statement.ts';

export interface UnitOptions {
  /** `unit` without it. */
  readonly group?: string;
  /** `host` without it. */
  readonly reach?: Reach;
}

/**
 * What the commands of a unit of systemd set. No shell reads them: there are no pipes and redirections but in `sh -c '…'`.
 */
export function extractSystemdUnit(text: string, { group = 'unit', reach = 'host' }: UnitOptions = {}): Extracted {
  return extractShell(unitCommands(text), { group, reach }, 'systemd', text);
}
