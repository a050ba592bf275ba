import { messageOf } from '../function/errors.ts';
import { type Answer, ask } from './http.ts';
import type { Ask, Target } from './targets/target.ts';

/** °F and the float32 that is nearest to the °C: the ends of what people ask, and values that show a wrong rounding. */
const KNOWN: readonly (readonly [fahrenheit: number, celsius: number])[] = [
  [212, 100],
  [98.6, 37],
  [-40, -40],
  [-459.67, -273.15],
  [1e10, 5555555533],
];

/** The right °C: float32 in, computed in float64, rounded once to float32. */
export function celsius(fahrenheit: number): number {
  return Math.fround(((Math.fround(fahrenheit) - 32) * 5) / 9);
}

/** What is wrong with an answer to these °F, or null. */
export function complaint(ask: Ask, fahrenheit: readonly number[], answer: Answer): string | null {
  const asked = `asked ${fahrenheit.slice(0, 4).join(', ')}`;
  if (answer.status !== 200) return `${asked}, status ${answer.status}: ${answer.body.slice(0, 200)}`;
  try {
    const got = ask.celsius(answer.body).map(Math.fround);
    const wanted = fahrenheit.map(celsius);
    const wrong = wanted.findIndex((value, i) => got[i] !== value);
    if (got.length === wanted.length && wrong === -1) return null;
    if (got.length !== wanted.length)
      return `${asked}, ${wanted.length} answers expected, ${got.length} given`;
    return `asked ${fahrenheit[wrong]}, expected ${wanted[wrong]}, answered ${got[wrong]}`;
  } catch (error) {
    return `${asked}, ${messageOf(error)}: ${answer.body.slice(0, 200)}`;
  }
}

/** Asks a server all known values, one by one: what is wrong with the first wrong answer, or null. */
export async function askKnown(
  target: Pick<Target, 'ask' | 'computes'>,
  origin: string,
): Promise<string | null> {
  for (const [fahrenheit, wanted] of target.computes ? KNOWN : KNOWN.slice(0, 1)) {
    if (celsius(fahrenheit) !== Math.fround(wanted)) throw new RangeError(`${fahrenheit} °F is not known`);
    try {
      const answer = await ask(origin + target.ask.path, target.ask.body([fahrenheit]));
      const wrong = complaint(target.ask, [fahrenheit], answer);
      if (wrong !== null) return wrong;
    } catch (error) {
      return `asked ${fahrenheit}, no answer: ${messageOf(error)}`;
    }
  }
  return null;
}
