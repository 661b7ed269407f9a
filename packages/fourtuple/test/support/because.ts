/** What the name of a test that cannot run ends in: why. Nothing when it can. */
export function because(obstacle: string | undefined): string {
  return obstacle === undefined ? '' : ` (skipped: ${obstacle})`;
}
