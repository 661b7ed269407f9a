const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar of `width` cells; never quite full below 1, never quite empty above 0. */
export function bar(ratio: number, width: number, isUnicode: boolean): string {
  const clamped = Math.min(1, Math.max(0, ratio));
  if (!isUnicode) {
    const cells = clamped >= 1 ? width : Math.min(width - 1, Math.ceil(clamped * width));
    return '#'.repeat(cells) + '.'.repeat(width - cells);
  }
  const total = width * 8;
  const filled = clamped >= 1 ? total : clamped <= 0 ? 0 : Math.min(total - 1, Math.max(1, Math.round(clamped * total)));
  const whole = Math.floor(filled / 8);
  const rest = EIGHTHS[filled % 8]!;
  return '█'.repeat(whole) + rest + '░'.repeat(width - whole - (rest === '' ? 0 : 1));
}
