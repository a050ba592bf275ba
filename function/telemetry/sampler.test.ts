import t from 'tap';
import { samplerOf } from './sampler.ts';

const parent = (traceId: string, flags: string) => `00-${traceId}-00f067aa0ba902b7-${flags}`;
const LOW = `${'0'.repeat(31)}1`;
const HIGH = 'f'.repeat(8) + '0'.repeat(24);

t.test('which requests are traced', async (t) => {
  for (const [ratio, parentBased, traceparent, expected] of [
    [1, true, undefined, true],
    [0, true, undefined, false],
    [0, true, parent(LOW, '01'), true],
    [1, true, parent(LOW, '00'), false],
    [1, true, parent(LOW, '02'), false], // another flag
    [0, true, parent(LOW, '03'), true],
    [0, true, `${parent(LOW, '01')}-more`, true], // of a later version
    [0.5, false, parent(LOW, '00'), true], // the trace's ID decides alone
    [0.5, false, parent(HIGH, '01'), false],
    [1, true, 'nonsense', true], // as if there were none
    [0, true, parent('0'.repeat(32), '01'), false],
    [0, true, 'x'.repeat(10_000), false],
  ] as const)
    t.equal(
      samplerOf({ ratio, parentBased })(traceparent),
      expected,
      `${ratio} ${parentBased} ${traceparent}`,
    );
});

t.test('a part of those that start here', async (t) => {
  const isSampled = samplerOf({ ratio: 0.3, parentBased: true });
  const sampled = Array.from({ length: 10_000 }, () => isSampled()).filter(Boolean).length;
  t.ok(sampled > 2500 && sampled < 3500, `${sampled} of 10,000`); // eleven standard deviations
});
