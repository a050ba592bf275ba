import { invalidArgument } from '../../errors.ts';
import { parseJson } from './json.ts';

export type Json = Readonly<Record<string, unknown>>;

/** The object that a body is; an empty one where there is no body. @throws RequestError INVALID_ARGUMENT */
export function readFields(body: Buffer): Json {
  return body.length === 0 ? {} : objectOf(parseJson(body), 'the body');
}

/** The object's `parameters`, where it has some. @throws RequestError INVALID_ARGUMENT */
export function parametersIn({ parameters }: Json): Json {
  return isNothing(parameters) ? {} : objectOf(parameters, 'parameters');
}

export function objectOf(value: unknown, place: string): Json {
  if (isObject(value)) return value;
  throw invalidArgument(`${place} is to be an object`);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isNothing(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

export function listOf(value: unknown, place: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw invalidArgument(`${place} is to be a list`);
}

export function textOf(value: unknown, place: string): string {
  if (typeof value === 'string') return value;
  throw invalidArgument(`${place} is to be a text`);
}

export function flagOf(value: unknown, place: string): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  throw invalidArgument(`${place} is to be true or false`);
}
