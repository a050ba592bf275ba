/** A round number of at least `value`: 1, 2, 2.5 or 5 times a power of ten. */
export function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 2.5, 5, 10].find((step) => step * power >= value * 0.999999) ?? 10) * power;
}

/** Ticks from zero to just past `max`, about `count` of them, all multiples of a round step. */
export function linearTicks(max: number, count = 5): number[] {
  const step = roundUp(max / count);
  return Array.from({ length: Math.ceil(max / step - 1e-9) + 1 }, (_, i) =>
    Number((i * step).toPrecision(12)),
  );
}

/** The powers of `base` that enclose all values, both ends included. */
export function logTicks(values: readonly number[], base: 2 | 10): number[] {
  const log = (value: number) => Math.log(value) / Math.log(base);
  const first = Math.floor(log(Math.min(...values)) + 1e-9);
  const last = Math.ceil(log(Math.max(...values)) - 1e-9);
  return Array.from({ length: Math.max(2, last - first + 1) }, (_, i) =>
    Number((base ** (first + i)).toPrecision(12)),
  );
}
