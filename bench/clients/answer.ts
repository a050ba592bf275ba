/** Texts that were found right are not read again; a server prints one answer in very few ways. */
const MOST_SEEN = 16;

/**
 * Makes the check that each answer of a load goes through: byte for byte the reference, or else the same JSON with numbers
 * that are equal as float32 (a server may print one number in two ways).
 * @param tolerance what numbers may differ by, as a share of the reference's largest one: sums of a model's run are
 *   taken in another order with other threads or rows
 */
export function checker(reference: string, tolerance = 0): (body: string) => boolean {
  const seen = new Set([reference]);
  const most = tolerance === 0 ? 0 : tolerance * largest(JSON.parse(reference));
  return (body) => {
    if (seen.has(body)) return true;
    const right = sameText(body, reference, most);
    if (right && seen.size < MOST_SEEN) seen.add(body);
    return right;
  };
}

/** The largest number anywhere in a JSON value, without its sign. */
function largest(value: unknown): number {
  if (typeof value === 'number') return Math.abs(value);
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((most: number, item: unknown) => Math.max(most, largest(item)), 0);
}

function sameText(a: string, b: string, most: number): boolean {
  try {
    return sameJson(JSON.parse(a), JSON.parse(b), most);
  } catch {
    return false;
  }
}

/** @param most the largest difference of two numbers that are taken for the same */
export function sameJson(a: unknown, b: unknown, most = 0): boolean {
  if (typeof a === 'number' && typeof b === 'number')
    return Math.fround(a) === Math.fround(b) || Math.abs(a - b) <= most;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = Object.entries(a);
  const right = new Map<string, unknown>(Object.entries(b));
  return left.length === right.size && left.every(([key, value]) => sameJson(value, right.get(key), most));
}
