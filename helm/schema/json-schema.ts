/** A JSON Schema of draft 7, which is what Helm reads. */
export type Schema = Readonly<Record<string, unknown>>;

/** An object that may have these keys and no other. */
export function object(properties: Readonly<Record<string, Schema>>, ...required: string[]): Schema {
  const needs = required.length > 0 ? { required } : {};
  return { type: 'object', additionalProperties: false, properties, ...needs };
}

/** Any keys that match, each with such a value. */
export const mapOf = (values: Schema, keys?: string): Schema =>
  keys === undefined
    ? { type: 'object', additionalProperties: values }
    : { type: 'object', additionalProperties: false, patternProperties: { [keys]: values } };

export const list = (items: Schema): Schema => ({ type: 'array', items });
export const integer = (minimum: number, maximum?: number): Schema => ({
  type: 'integer',
  minimum,
  ...(maximum === undefined ? {} : { maximum }),
});
export const choice = (...values: string[]): Schema => ({ enum: values });
export const text: Schema = { type: 'string' };
export const filled: Schema = { type: 'string', minLength: 1 };
export const matching = (pattern: string, description?: string): Schema => ({
  type: 'string',
  pattern,
  ...(description === undefined ? {} : { description }),
});
export const boolean: Schema = { type: 'boolean' };
export const port = integer(1, 65535);
export const texts = list(text);
/** Labels or annotations. */
export const strings = mapOf(text);

/** In one schema where that can be, since what Helm says of alternatives is long. */
export function orNull(schema: Schema): Schema {
  const { type, enum: values } = schema;
  if (Array.isArray(values)) return { ...schema, enum: [...values, null] };
  if (typeof type === 'string' && type !== 'object') return { ...schema, type: [type, 'null'] };
  return { anyOf: [{ type: 'null' }, schema] };
}
