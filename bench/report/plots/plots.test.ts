import t from 'tap';
import { spread } from './labels.ts';
import { render, tickText } from './svg.ts';
import { lookOf, ORDER, TOGETHER } from './theme.ts';
import { linearTicks, logTicks, roundUp } from './ticks.ts';

t.test('labels keep apart and near to their wish', async (t) => {
  const CASES = [
    { wishes: [10, 50, 90], places: [10, 50, 90], why: 'room enough' },
    { wishes: [90, 10, 50], places: [90, 10, 50], why: 'in the order given' },
    { wishes: [50, 50], places: [45, 55], why: 'both move' },
    { wishes: [50, 52, 51], places: [41, 61, 51], why: 'the order of the wishes stays' },
    { wishes: [0, 1], places: [0, 10], why: 'not out of the plot at the low end' },
    { wishes: [100, 99], places: [100, 90], why: 'nor at the high end' },
    { wishes: [40, 45, 80], places: [37.5, 47.5, 80], why: 'only those that overlap' },
    { wishes: [], places: [], why: 'none' },
  ];
  for (const { wishes, places, why } of CASES) t.same(spread(wishes, 10, 0, 100), places, why);
});

t.test('ticks are round and hold all values', async (t) => {
  t.same([0.7, 1, 1.2, 2.3, 3, 7, 60_000].map(roundUp), [1, 1, 2, 2.5, 5, 10, 100_000]);
  t.same(linearTicks(78_000), [0, 20_000, 40_000, 60_000, 80_000]);
  t.same(linearTicks(0.3), [0, 0.1, 0.2, 0.3]);
  t.same(logTicks([0.3, 45], 10), [0.1, 1, 10, 100]);
  t.same(logTicks([1, 100], 10), [1, 10, 100], 'no more than needed');
  t.same(logTicks([0.5, 7], 2), [0.5, 1, 2, 4, 8]);
  t.same(logTicks([3, 3], 10), [1, 10], 'a single value has an axis');
});

t.test('an SVG stands alone, says what it shows and has the size asked for', async (t) => {
  const frame = { width: 200, height: 100, margin: { top: 10, right: 10, bottom: 10, left: 10 } };
  const svg = await render(frame, 'A & B', 'less < more', [
    {
      data: { values: [{ x: 1 }] },
      mark: 'point',
      encoding: {
        x: {
          field: 'x',
          type: 'quantitative',
          axis: { values: [0, 1], labelExpr: tickText([0, 1], (v) => `${v}k`) },
        },
      },
    },
  ]);
  t.match(svg, /width="200" height="100" viewBox="0 0 200 100"/);
  t.match(svg, '<title>A &amp; B</title><desc>less &lt; more</desc>');
  t.match(svg, />1k<\/text>/);
  t.notMatch(svg, /https?:\/\/(?!www\.w3\.org)/, 'nothing is loaded from elsewhere');
});

t.test('every target looks different, in colour and without', async (t) => {
  for (const looks of TOGETHER.map((targets) => targets.map(lookOf))) {
    t.equal(new Set(looks.map(({ color }) => color)).size, looks.length);
    t.equal(new Set(looks.map(({ shape, dash }) => `${shape} ${dash}`)).size, looks.length);
  }
  for (const { ink, name } of ORDER.map(lookOf))
    t.ok(contrast(ink) >= 4.5, `${name}: ${contrast(ink).toFixed(1)} : 1 on white`);
  t.equal(lookOf('new-server').name, 'new-server');
});

/** Contrast with white, as WCAG 2 defines it. */
function contrast(color: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 1.05 / (0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05);
}
