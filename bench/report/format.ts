import type { Figure, Unit } from './figures.ts';

/** How a value of a unit is written: divisor for the written unit and its name, by magnitude. */
interface Scale {
  readonly from: number;
  readonly divisor: number;
  readonly name: string;
}

const THIN = '\u2009';

const SCALES: Readonly<Record<Unit, readonly Scale[]>> = {
  'requests/s': [
    { from: 10_000, divisor: 1000, name: 'k' },
    { from: 0, divisor: 1, name: '' },
  ],
  requests: [
    { from: 1e6, divisor: 1e6, name: `${THIN}million` },
    { from: 0, divisor: 1, name: '' },
  ],
  'rows/s': [
    { from: 1e6, divisor: 1e6, name: `${THIN}M` },
    { from: 10_000, divisor: 1000, name: 'k' },
    { from: 0, divisor: 1, name: '' },
  ],
  ms: [
    { from: 10_000, divisor: 1000, name: `${THIN}s` },
    { from: 0, divisor: 1, name: `${THIN}ms` },
  ],
  s: [{ from: 0, divisor: 1, name: `${THIN}s` }],
  µs: [
    { from: 10_000, divisor: 1000, name: `${THIN}ms` },
    { from: 0, divisor: 1, name: `${THIN}µs` },
  ],
  'µs/row': [{ from: 0, divisor: 1, name: `${THIN}µs` }],
  bytes: [
    { from: 1e9, divisor: 1e9, name: `${THIN}GB` },
    { from: 1e6, divisor: 1e6, name: `${THIN}MB` },
    { from: 1e4, divisor: 1e3, name: `${THIN}KB` },
    { from: 0, divisor: 1, name: `${THIN}bytes` },
  ],
  MiB: [{ from: 0, divisor: 2 ** 20, name: `${THIN}MiB` }],
  '×': [{ from: 0, divisor: 1, name: '×' }],
  share: [{ from: 0, divisor: 0.01, name: `${THIN}%` }],
  GB·s: [{ from: 0, divisor: 1, name: `${THIN}GB·s` }],
  count: [{ from: 0, divisor: 1, name: '' }],
};

/** Three significant figures (ratios two, or whole), the unit's name behind: `67.2k`, `0.391 ms`, `3.3×`, `251 MB`. */
export function format(value: number, unit: Unit, like = value): string {
  const scale = scaleOf(unit, like);
  return digits(value / scale.divisor, unit) + scale.name;
}

const MOST_DIGITS = 9;

/** The same with as many digits as tell it from a limit that it is not at: 1.17× beside 1.2×, not 1.2×. */
export function formatApart(value: number, unit: Unit, limit: number): string {
  const scale = scaleOf(unit, value);
  const side = (text: string) => Math.sign(numberIn(text) - limit / scale.divisor);
  for (let more = 0; more < MOST_DIGITS; more++) {
    const text = digits(value / scale.divisor, unit, more);
    if (side(text) === Math.sign(value - limit)) return text + scale.name;
  }
  return String(value);
}

function numberIn(text: string): number {
  return Number(text.replaceAll(',', '').replace('−', '-'));
}

/** The same without the unit, for tables that say it in the column's head; `like` picks the magnitude. */
export function formatBare(value: number, unit: Unit, like = value): string {
  return digits(value / scaleOf(unit, like).divisor, unit);
}

/** `65.9–68.1k`: the interval, in the magnitude of the median or of `like`; `bare` leaves the unit to the table's head. */
export function formatInterval({ low, high, median, unit }: Figure, bare = false, like = median): string {
  const name = bare ? '' : scaleOf(unit, like).name;
  return `${formatBare(low, unit, like)}–${formatBare(high, unit, like)}${name}`;
}

function scaleOf(unit: Unit, value: number): Scale {
  const scales = SCALES[unit];
  const found = scales.find(({ from }) => Math.abs(value) >= from) ?? scales[scales.length - 1];
  if (found === undefined) throw new Error(`no scale for ${unit}`);
  return found;
}

function digits(value: number, unit: Unit, more = 0): string {
  if ((unit === 'count' || unit === 'MiB') && Number.isInteger(value)) return grouped(value, 0);
  const size = Math.abs(value);
  // A ratio of two noisy figures has two digits worth reading, and whole ones where it is large.
  if (unit === '×' && size >= 9.95) return grouped(value, more);
  // … and three where it is near 1, or all that is a little more than 1 would be 1.0.
  const significant = (unit === '×' && !(size >= 1 && size < 1.1) ? 2 : 3) + more;
  const magnitude = size === 0 ? 0 : Math.floor(Math.log10(Number(size.toPrecision(significant))));
  return grouped(value, Math.max(0, Math.min(significant - 1 - magnitude, 4 + more)));
}

function grouped(value: number, decimals: number): string {
  const text = value.toLocaleString('en-GB', {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  return text.replace('-', '−');
}
