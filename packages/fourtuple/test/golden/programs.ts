import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Why a test of this program is skipped, for the test's name; undefined when the program is there. */
export function missing(program: string): string | undefined {
  const isThere = (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  return isThere ? undefined : ` (skipped: ${program} is not installed)`;
}
