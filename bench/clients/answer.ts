/**
 * Makes the check that each answer of a load goes through: byte for byte the reference, or else the same JSON with numbers
 * that are equal as float32 (a server may print one number in two ways).
 */
export function checker(reference: string): (body: string) => boolean {
  return (body) => body === reference || sameText(body, reference);
}

function sameText(a: string, b: string): boolean {
  try {
    return sameJson(JSON.parse(a), JSON.parse(b));
  } catch {
    return false;
  }
}

export function sameJson(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number') return Math.fround(a) === Math.fround(b);
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = Object.entries(a);
  const right = new Map<string, unknown>(Object.entries(b));
  return left.length === right.size && left.every(([key, value]) => sameJson(value, right.get(key)));
}
