/** A chart as plain data; x grows to the right, y upwards. */
export interface LineChart {
  readonly title: string;
  readonly x: { readonly title: string };
  readonly y: { readonly title: string; readonly scale: 'linear' | 'log' };
  readonly series: readonly { readonly name: string; readonly points: readonly (readonly [x: number, y: number])[] }[];
  /** Upright lines with a word, and level ones. */
  readonly marks: readonly { readonly axis: 'x' | 'y'; readonly at: number; readonly text: string }[];
}

const WIDTH = 720;
const HEIGHT = 400;
const LEFT = 78;
const RIGHT = 20;
const TOP = 44;
const BOTTOM = 56;
/** Of a log scale: below it powers of ten are no numbers any more. */
const LEAST = 1e-300;
/** Readable on white and on black, and told apart without colours by their order in the legend. */
const colours = ['#2f7ed8', '#d9822b', '#3a9a5b', '#a050b0', '#c23b4a', '#6b7c8c'];

/** The chart as one SVG document, without scripts, fonts or links. Points that a log scale cannot show are left out. */
export function lineChartSvg(chart: LineChart): string {
  const isLog = chart.y.scale === 'log';
  const shown = chart.series.map(({ name, points }) => ({ name, points: points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y) && (!isLog || y >= LEAST)) }));
  const all = shown.flatMap(({ points }) => points);
  const xs = [...all.map(([x]) => x), ...chart.marks.filter(({ axis }) => axis === 'x').map(({ at }) => at)];
  const ys = [...all.map(([, y]) => y), ...chart.marks.filter(({ axis, at }) => axis === 'y' && (!isLog || at >= LEAST)).map(({ at }) => at)];
  const x = linearTicks(Math.min(0, ...xs), Math.max(1e-9, ...xs));
  const y = isLog ? logTicks(ys.length === 0 ? 0.1 : Math.min(...ys), ys.length === 0 ? 1 : Math.max(...ys)) : linearTicks(Math.min(0, ...ys), Math.max(1e-9, ...ys));
  const atX = (value: number): number => round(LEFT + ((value - x.low) / (x.high - x.low)) * (WIDTH - LEFT - RIGHT));
  const share = (value: number): number => (isLog ? (Math.log10(value) - Math.log10(y.low)) / (Math.log10(y.high) - Math.log10(y.low)) : (value - y.low) / (y.high - y.low));
  const atY = (value: number): number => round(HEIGHT - BOTTOM - share(value) * (HEIGHT - TOP - BOTTOM));
  const parts: string[] = [];
  for (const tick of y.ticks) parts.push(`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${atY(tick)}" y2="${atY(tick)}"/><text x="${LEFT - 8}" y="${atY(tick) + 4}" text-anchor="end">${label(tick)}</text>`);
  for (const tick of x.ticks) parts.push(`<line class="grid" x1="${atX(tick)}" x2="${atX(tick)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/><text x="${atX(tick)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${label(tick)}</text>`);
  for (const { axis, at, text } of chart.marks) {
    if (axis === 'y' && isLog && at < LEAST) continue;
    if (axis === 'x') parts.push(`<line class="mark" x1="${atX(at)}" x2="${atX(at)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/><text class="word" x="${atX(at) + 5}" y="${TOP + 14}">${escaped(text)}</text>`);
    else parts.push(`<line class="mark" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${atY(at)}" y2="${atY(at)}"/><text class="word" x="${WIDTH - RIGHT - 4}" y="${atY(at) - 5}" text-anchor="end">${escaped(text)}</text>`);
  }
  shown.forEach(({ name, points }, index) => {
    const colour = colours[index % colours.length]!;
    parts.push(`<polyline fill="none" stroke="${colour}" stroke-width="2" points="${points.map(([px, py]) => `${atX(px)},${atY(py)}`).join(' ')}"/>`);
    if (shown.length > 1) parts.push(`<rect x="${LEFT + 10 + index * 150}" y="${HEIGHT - 14}" width="10" height="10" fill="${colour}"/><text x="${LEFT + 25 + index * 150}" y="${HEIGHT - 5}">${escaped(name)}</text>`);
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(chart.title)}">
<style>text{font:12px sans-serif;fill:#777}.title{font-size:15px;font-weight:bold}.grid{stroke:#999;stroke-opacity:.25}.mark{stroke:#c23b4a;stroke-dasharray:5 4}.word{fill:#c23b4a}</style>
<text class="title" x="${LEFT}" y="24">${escaped(chart.title)}</text>
${parts.join('\n')}
<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - BOTTOM + 36}" text-anchor="middle">${escaped(chart.x.title)}</text>
<text transform="translate(16 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${escaped(chart.y.title)}</text>
</svg>
`;
}

interface Axis {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
}

/** About five round numbers. */
function linearTicks(from: number, to: number): Axis {
  const rough = (to - from) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * (rough / power > 5 ? 10 : rough / power > 2 ? 5 : rough / power > 1 ? 2 : 1);
  const low = Math.floor(from / step) * step;
  const count = Math.max(1, Math.ceil((to - low) / step - 1e-9));
  return { low, high: low + count * step, ticks: Array.from({ length: count + 1 }, (_, index) => Number((low + index * step).toPrecision(12))) };
}

function logTicks(from: number, to: number): Axis {
  const low = Math.floor(Math.log10(from) + 1e-9);
  const high = Math.max(low + 1, Math.ceil(Math.log10(to) - 1e-9));
  const step = Math.ceil((high - low) / 8);
  const ticks: number[] = [];
  for (let power = low; power <= high; power += step) ticks.push(Number(`1e${power}`));
  return { low: Number(`1e${low}`), high: Number(`1e${high}`), ticks };
}

function label(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) return value.toExponential().replace('+', '');
  return value.toLocaleString('en', { maximumFractionDigits: 6 });
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
