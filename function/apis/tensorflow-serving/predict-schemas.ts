import type { TSchema } from 'typebox';
import type { Signature, TensorInfo } from '../../model/signatures.ts';
import { Base64, Float32 } from '../schemas.ts';

/** A JSON Schema 2020-12, as OpenAPI 3.1 takes it. */
type Schema = TSchema;

/** What a caller of one model sends to `:predict` and gets back. */
export interface PredictSchemas {
  readonly request: Schema;
  readonly response: Schema;
}

/**
 * Describes `:predict` for the signatures of one model, so that a generated client knows its input names, dtypes
 * and ranks. Dimensions that the model leaves open may be of any size, but JSON Schema cannot say that neighbours
 * must be equally long; the server says so with a 400. TensorFlow lets some graphs take other ranks than their
 * signature tells; such requests are answered, but not described.
 */
export function predictSchemas(signatures: ReadonlyMap<string, Signature>): PredictSchemas {
  const served = [...signatures.values()].filter(({ unsupported }) => unsupported === undefined);
  return {
    request: either(served.flatMap(requestSchemas)),
    response: either(served.flatMap(responseSchemas)),
  };
}

/** At least one of the schemas; for none of them: what no value fits. */
function either(schemas: readonly Schema[]): Schema {
  const [only, ...others] = schemas;
  if (only === undefined) return { not: {} };
  return others.length === 0 ? only : { anyOf: schemas };
}

/** True where each input and output has rows, so that `instances` can be told apart. */
export function hasRows({ inputs, outputs }: Signature): boolean {
  return inputs.length > 0 && [...inputs, ...outputs].every(({ shape }) => shape?.length !== 0);
}

function requestSchemas(signature: Signature): Schema[] {
  const { name, inputs, defaults } = signature;
  const isDefault = name === 'serving_default';
  const format = (title: string, key: string, other: string, value: Schema): Schema => ({
    title: `${name}, ${title}`,
    type: 'object',
    required: isDefault ? [key] : ['signature_name', key],
    properties: { signature_name: isDefault ? { enum: [name, ''] } : { const: name }, [key]: value },
    not: { required: [other] },
  });
  const row = (input: TensorInfo) => tensorSchema(input, requestElement(input), 1);
  const column = (input: TensorInfo) => tensorSchema(input, requestElement(input), 0);
  const rows = bareOrNamed(inputs, row, true, defaults).map((items) => ({
    type: 'array',
    minItems: 1,
    items,
  }));
  const columns = format(
    'column format',
    'inputs',
    'instances',
    either(bareOrNamed(inputs, column, false, defaults)),
  );
  return hasRows(signature)
    ? [format('row format', 'instances', 'inputs', either(rows)), columns]
    : [columns];
}

function responseSchemas(signature: Signature): Schema[] {
  const { name, outputs } = signature;
  const format = (title: string, key: string, value: Schema): Schema => ({
    title: `${name}, ${title}`,
    type: 'object',
    required: [key],
    properties: { [key]: value },
  });
  const answer = (skip: 0 | 1): Schema => {
    const of = (output: TensorInfo) => tensorSchema(output, responseElement(output), skip);
    const [only, ...others] = outputs;
    return only !== undefined && others.length === 0 ? of(only) : named(outputs, of, true);
  };
  const columns = format('column format', 'outputs', answer(0));
  if (!hasRows(signature)) return [columns];
  return [format('row format', 'predictions', { type: 'array', items: answer(1) }), columns];
}

/** A value of the only input as it is, or an object by input name. */
function bareOrNamed(
  infos: readonly TensorInfo[],
  schema: (info: TensorInfo) => Schema,
  closed: boolean,
  defaults: Signature['defaults'],
): Schema[] {
  const [only, ...others] = infos;
  const object = named(infos, schema, closed, defaults);
  return only !== undefined && others.length === 0 ? [schema(only), object] : [object];
}

/** @param closed whether other keys are refused @param defaults of those that may be left out */
function named(
  infos: readonly TensorInfo[],
  schema: (info: TensorInfo) => Schema,
  closed: boolean,
  defaults?: Signature['defaults'],
): Schema {
  return {
    type: 'object',
    required: infos.map(({ key }) => key).filter((key) => defaults?.has(key) !== true),
    properties: Object.fromEntries(infos.map((info) => [info.key, schema(info)])),
    ...(closed ? { additionalProperties: false } : {}),
  };
}

/** Nested lists of elements. @param skip leading dimensions to leave out: 1 for a row of the tensor, 0 for all of it */
function tensorSchema({ dtype, shape }: TensorInfo, element: Schema, skip: 0 | 1): Schema {
  if (shape === undefined) return { description: `Nested lists of any depth, of ${dtype}.` };
  return shape
    .slice(skip)
    .reduceRight<Schema>(
      (items, size) => ({ type: 'array', items, ...(size < 0 ? {} : { minItems: size, maxItems: size }) }),
      element,
    );
}

function requestElement({ dtype }: TensorInfo): Schema {
  return elementSchema(dtype) ?? { anyOf: [{ type: 'string' }, Base64] };
}

function responseElement({ key, dtype }: TensorInfo): Schema {
  return elementSchema(dtype) ?? (key.endsWith('_bytes') ? Base64 : { type: 'string' });
}

/** Of one element; undefined for strings. */
function elementSchema(dtype: string): Schema | undefined {
  const value = dtype.replace(/_REF$/, '');
  const [, unsigned, bits] = /^DT_Q?(U?)INT(\d+)$/.exec(value) ?? [];
  if (bits !== undefined) return integer(unsigned !== 'U', Number(bits));
  switch (value) {
    case 'DT_BOOL':
      return { type: 'boolean' };
    case 'DT_HALF':
      return below(65520); // halfway from the largest float16 to 2^16; from there on numbers are rounded to infinity
    case 'DT_BFLOAT16':
      return below(2 ** 128 - 2 ** 119);
    case 'DT_FLOAT':
      return Float32;
    case 'DT_DOUBLE':
      return DOUBLE;
    case 'DT_COMPLEX64':
      return pair(Float32);
    case 'DT_COMPLEX128':
      return pair(DOUBLE);
    default:
      return undefined;
  }
}

const DOUBLE: Schema = { type: 'number', format: 'double' };

const below = (bound: number): Schema => ({
  type: 'number',
  exclusiveMinimum: -bound,
  exclusiveMaximum: bound,
});

/** A complex number as its real and its imaginary part. */
const pair = (items: Schema): Schema => ({ type: 'array', items, minItems: 2, maxItems: 2 });

function integer(signed: boolean, bits: number): Schema {
  const format = signed && bits >= 32 ? { format: `int${bits}` } : {}; // OpenAPI has no others
  if (bits > 32) return { type: 'integer', ...format, ...(signed ? {} : { minimum: 0 }) }; // other bounds are no doubles
  const [minimum, maximum] = signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
  return { type: 'integer', ...format, minimum, maximum };
}
