import t from 'tap';
import type { Unit } from './figures.ts';
import { format, formatApart, formatBare, formatInterval } from './format.ts';

const CASES: readonly (readonly [number, Unit, string])[] = [
  [67_234.5, 'requests/s', '67.2k'],
  [2101, 'requests/s', '2,101'],
  [99_960, 'requests/s', '100k'],
  [12_340_000, 'rows/s', '12.3\u2009M'],
  [0.3912, 'ms', '0.391\u2009ms'],
  [0.99961, 'ms', '1.00\u2009ms'],
  [9.996, 'ms', '10.0\u2009ms'],
  [315.4, 'ms', '315\u2009ms'],
  [12_345, 'ms', '12.3\u2009s'],
  [15.23, 'µs', '15.2\u2009µs'],
  [251_234_567, 'bytes', '251\u2009MB'],
  [1_234_567_890, 'bytes', '1.23\u2009GB'],
  [20_480, 'bytes', '20.5\u2009KB'],
  [134_217_728, 'MiB', '128\u2009MiB'],
  [3.3333, '×', '3.3×'],
  [9.96, '×', '10×'],
  [31.4, '×', '31×'],
  [0.82, '×', '0.82×'],
  [1.021, '×', '1.02×'],
  [0.9375, 'share', '93.8\u2009%'],
  [-0.0123, 'share', '−1.23\u2009%'],
  [0, 'count', '0'],
  [12_345, 'count', '12,345'],
];

for (const [value, unit, written] of CASES) {
  t.equal(format(value, unit), written, `${value} ${unit}`);
}

for (const [value, unit, limit, written] of [
  [1.17, '×', 1.2, '1.17×'],
  [1.196, '×', 1.2, '1.196×'],
  [1.2, '×', 1.2, '1.2×'],
  [1.6, '×', 1.2, '1.6×'],
  [12.04, '×', 12, '12.04×'],
  [20.004, 'ms', 20, '20.004\u2009ms'],
  [0, 'count', 0, '0'],
] as const) {
  t.equal(formatApart(value, unit, limit), written, `${value} ${unit} beside ${limit}`);
}

t.equal(formatBare(0.5, 'ms'), '0.500');
t.equal(formatBare(9_876, 'requests/s', 12_000), '9.88', 'in the magnitude of the median');

const figure = {
  source: { op: 'constant', value: 1 },
  unit: 'requests/s',
  median: 12_000,
  low: 9_876,
  high: 12_345,
  n: 5,
  coverage: 0.9375,
} as const;
t.equal(formatInterval(figure), '9.88–12.3k');
t.equal(formatInterval(figure, true), '9.88–12.3');
