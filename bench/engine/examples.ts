import { checker } from '../clients/answer.ts';
import { firstAnswer, type Running } from '../targets/start.ts';
import type { Bench, Example } from './plan.ts';
import type { Model } from './served.ts';

/** What celsius is asked. */
export const TEMPERATURE: Example = { body: '{"instances":[212]}', answer: '{"predictions":[100]}', rows: 1 };

/** Questions and right answers of a model. */
export function examplesOf(bench: Bench, model: Model): readonly Example[] {
  return model === 'celsius' ? [TEMPERATURE] : bench.examples(model);
}

/**
 * Asks an example again and again until it is answered rightly.
 * @returns the time since the process was started, ms
 * @throws {FatalError} when the server ends, or `within_s` has passed
 */
export function firstRight(
  running: Running,
  path: string,
  { body, answer }: Example,
  tolerance: number,
  signal: AbortSignal,
  within_s: number,
): Promise<number> {
  const right = checker(answer, tolerance);
  const isRight = (got: { status: number; body: string }) => got.status === 200 && right(got.body);
  return firstAnswer(running, { path, body }, isRight, signal, within_s);
}
