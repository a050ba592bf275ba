import { Compile } from 'typebox/compile';
import { CelsiusRequest } from '../schemas.ts';

const validator = Compile(CelsiusRequest);

/** What the schema finds wrong with the JSON of a request to /celsius, and where; undefined for nothing. */
export function faultIn(json: unknown): string | undefined {
  // Of the errors of a number or a list of numbers, the one that reaches deepest says which was meant.
  const [error] = validator.Errors(json).sort((a, b) => b.instancePath.length - a.instancePath.length);
  if (error === undefined) return undefined;
  const place = error.instancePath.slice(1).replaceAll('/', '.') || 'the body';
  return `${place}: ${error.message}`;
}
