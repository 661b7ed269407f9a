/** A share of losses for people: `1.23 %`, `0.0012 %`; below a millionth as a power of ten. */
export function lossText(loss: number): string {
  if (loss === 0) return '0 %';
  if (loss < 1e-6) return loss.toExponential(1);
  return `${(loss * 100).toPrecision(3)} %`;
}
