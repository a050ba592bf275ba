import { RequestError } from '../errors.ts';

/**
 * @param deadline on performance.now()'s clock, in ms; Infinity for none
 * @returns the timer, to be cleared where the answer comes before
 */
export function onDeadline(deadline: number, act: () => void): NodeJS.Timeout | undefined {
  if (deadline === Number.POSITIVE_INFINITY) return undefined;
  return setTimeout(act, Math.max(0, deadline - performance.now()));
}

/** What a caller hears whose deadline has passed. */
export function tooLate(): RequestError {
  const words = 'the deadline passed before there was an answer (REQUEST_DEADLINE_MS, or the caller’s own)';
  return new RequestError('DEADLINE_EXCEEDED', words);
}
