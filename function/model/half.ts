/** 16-bit floats: IEEE 754's binary16, and bfloat16, which is the upper half of a float32. */

const FLOAT = new Float32Array(1);
const BITS = new Uint32Array(FLOAT.buffer);

/** Half of the distance between two neighbours is rounded to the even one, as everywhere. Beyond 65504: infinite. */
export function toHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  if (Number.isNaN(value)) return 0x7e00;
  const magnitude = Math.abs(value);
  // Neighbours are 2^-24 apart below 2^-14, and 2^-10 of their power of two above.
  const exponent = magnitude < 2 ** -14 ? -14 : Math.floor(Math.log2(magnitude));
  const steps = roundToEven(magnitude / 2 ** (exponent - 10));
  if (exponent > 15 || steps * 2 ** (exponent - 10) >= 65_520) return sign | 0x7c00;
  // Steps from 1024 on carry over into the exponent, which is where they belong.
  return sign | (magnitude < 2 ** -14 ? steps : ((exponent + 14) << 10) + steps);
}

export function fromHalf(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

export function toBfloat16(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  FLOAT[0] = value;
  const bits = BITS[0] ?? 0;
  const lower = bits & 0xffff;
  const upper = bits >>> 16;
  const up = lower > 0x8000 || (lower === 0x8000 && (upper & 1) === 1);
  return up ? upper + 1 : upper;
}

export function fromBfloat16(bits: number): number {
  BITS[0] = bits << 16;
  return FLOAT[0] ?? 0;
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
