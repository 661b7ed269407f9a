/** One line of a chart: a value a step. */
export interface TimeLine {
  readonly name: string;
  readonly values: ArrayLike<number>;
}

/** One picture with an axis of its own, above the next. */
export interface TimePanel {
  readonly title: string;
  readonly lines: readonly TimeLine[];
  /** Text of a value on the axis. */
  readonly format: (value: number) => string;
}

export interface TimeChartOptions {
  readonly title: string;
  /** Text of the begin of a step on the axis of time; that of the first one that is not there is the end. */
  readonly formatStep: (step: number) => string;
}

/** Distinct for those who do not see all colours (M. Okabe, K. Ito, 2008). */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#7f7f7f'];
const WIDTH = 960;
const PANEL = 260;
const LEFT = 84;
const RIGHT = 16;
const TOP = 40;
const BOTTOM = 44;
const LEGEND = 18;
/** What is not more than this is drawn as nothing. */
const SMALLEST = 1e-300;

/** Charts over time, one above the other, as one SVG file without scripts or fonts of its own. */
export function renderTimeChart(panels: readonly TimePanel[], { title, formatStep }: TimeChartOptions): string {
  const names = [...new Set(panels.flatMap((panel) => panel.lines.map((line) => line.name)))];
  const height = TOP + panels.length * PANEL + Math.ceil(names.length / 4) * LEGEND + 12;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12" role="img">`,
    `<title>${escaped(title)}</title>`,
    '<style>.ink{fill:#222}.grid{stroke:#ccc}.back{fill:#fff}@media(prefers-color-scheme:dark){.ink{fill:#ddd}.grid{stroke:#444}.back{fill:#1b1b1b}}</style>',
    `<rect class="back" width="${WIDTH}" height="${height}"/>`,
    `<text class="ink" x="${LEFT}" y="24" font-size="15">${escaped(title)}</text>`,
    ...panels.flatMap((panel, index) => drawPanel(panel, TOP + index * PANEL, names, formatStep)),
    ...names.flatMap((name, index) => drawLegend(name, index, TOP + panels.length * PANEL)),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

function drawPanel({ title, lines, format }: TimePanel, top: number, names: readonly string[], formatStep: (step: number) => string): string[] {
  const width = WIDTH - LEFT - RIGHT;
  const height = PANEL - BOTTOM - 20;
  const base = top + 20 + height;
  const steps = Math.max(1, ...lines.map((line) => line.values.length));
  const most = niceAbove(Math.max(...lines.map((line) => highest(line.values))));
  const x = (step: number): string => (LEFT + (step / steps) * width).toFixed(1);
  const y = (value: number): string => (base - (value / most) * height).toFixed(1);
  const parts = [`<text class="ink" x="${LEFT}" y="${top + 12}">${escaped(title)}</text>`];
  for (let tick = 0; tick <= 4; tick++) {
    const value = (most * tick) / 4;
    parts.push(`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}"/>`, `<text class="ink" x="${LEFT - 6}" y="${Number(y(value)) + 4}" text-anchor="end">${escaped(format(value))}</text>`);
  }
  for (let tick = 0; tick <= 6; tick++) {
    const step = Math.round((steps * tick) / 6);
    parts.push(`<text class="ink" x="${x(step)}" y="${base + 18}" text-anchor="${tick === 0 ? 'start' : tick === 6 ? 'end' : 'middle'}">${escaped(formatStep(step))}</text>`);
  }
  for (const line of lines) {
    const points = thinned(line.values, width).map(([step, value]) => `${x(step)},${y(value)}`);
    if (points.length > 0) parts.push(`<polyline fill="none" stroke="${colourOf(names.indexOf(line.name))}" stroke-width="1.5" points="${points.join(' ')}"/>`);
  }
  return parts;
}

function drawLegend(name: string, index: number, top: number): string[] {
  const x = LEFT + (index % 4) * 215;
  const y = top + Math.floor(index / 4) * LEGEND;
  return [`<rect x="${x}" y="${y - 9}" width="10" height="10" fill="${colourOf(index)}"/>`, `<text class="ink" x="${x + 16}" y="${y}">${escaped(name.length > 28 ? `${name.slice(0, 27)}…` : name)}</text>`];
}

function colourOf(index: number): string {
  return colours[index % colours.length]!;
}

function highest(values: ArrayLike<number>): number {
  let most = 0;
  for (let step = 0; step < values.length; step++) most = Math.max(most, values[step]!);
  return most;
}

/** At most two points for each column of the picture, the lowest and the highest: no peak is lost. */
function thinned(values: ArrayLike<number>, columns: number): [step: number, value: number][] {
  const each = Math.max(1, Math.ceil(values.length / columns));
  const points: [number, number][] = [];
  for (let from = 0; from < values.length; from += each) {
    let low = from;
    let high = from;
    for (let step = from; step < Math.min(values.length, from + each); step++) {
      if (values[step]! < values[low]!) low = step;
      if (values[step]! > values[high]!) high = step;
    }
    for (const step of low === high ? [low] : [Math.min(low, high), Math.max(low, high)]) points.push([step, values[step]!]);
  }
  return points;
}

/** The next number whose quarters are round. */
function niceAbove(value: number): number {
  // Below that a power of ten is no number any more.
  if (!(value > SMALLEST)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 4, 5, 6, 8, 10].map((step) => step * power).find((step) => step >= value * (1 - 1e-9)) ?? 10 * power;
}

/** XML text: control characters, which XML 1.0 does not know, are left out. */
function escaped(text: string): string {
  return text.replaceAll(/[\u0000-\u001F\u007F]/g, '').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
