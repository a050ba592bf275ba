import Type, { type TSchema } from 'typebox';
import type { Signature } from '../../model/signatures.ts';
import { Base64 } from '../schemas.ts';

/** Of one tf.Example: a value, or a list of one kind of values. Whole numbers are int64, others float. */
const Feature = Type.Union([
  Type.Number(),
  Type.Boolean(),
  Type.String(),
  Base64,
  Type.Array(Type.Union([Type.Number(), Type.Boolean(), Type.String(), Base64])),
]);
const Features = Type.Record(Type.String(), Feature);

/** A body of `:classify` and `:regress`. Which features an example has, the graph knows and no signature tells. */
export function exampleRequest(signatures: readonly Signature[]): TSchema {
  const names = signatures.map(({ name }) => name);
  const isDefault = names.includes('serving_default');
  return {
    type: 'object',
    required: isDefault ? ['examples'] : ['signature_name', 'examples'],
    properties: {
      signature_name: { enum: isDefault ? [...names, ''] : names },
      context: {
        ...Features,
        description: 'Features of all examples that have none of that name themselves.',
      },
      examples: { type: 'array', minItems: 1, items: Features },
    },
  };
}

/** Classes of each example, as [label, score]. */
export const ClassifyResponse: TSchema = {
  type: 'object',
  required: ['results'],
  properties: {
    results: {
      type: 'array',
      items: {
        type: 'array',
        items: {
          type: 'array',
          prefixItems: [{ type: 'string' }, { type: 'number' }],
          minItems: 2,
          maxItems: 2,
        },
      },
    },
  },
};

/** A number for each example. */
export const RegressResponse = Type.Object({ results: Type.Array(Type.Number()) });

/** Signatures that can be asked so, by the names of their tensors: examples.ts refuses all others. */
export function classifySignatures(signatures: ReadonlyMap<string, Signature>): Signature[] {
  return takingExamples(signatures).filter(
    ({ outputs }) => outputs.length > 0 && outputs.every(({ key }) => key === 'classes' || key === 'scores'),
  );
}

export function regressSignatures(signatures: ReadonlyMap<string, Signature>): Signature[] {
  return takingExamples(signatures).filter(
    ({ outputs }) => outputs.length === 1 && outputs[0]?.key === 'outputs',
  );
}

function takingExamples(signatures: ReadonlyMap<string, Signature>): Signature[] {
  return [...signatures.values()].filter(
    ({ inputs, unsupported }) =>
      unsupported === undefined &&
      inputs.length === 1 &&
      inputs[0]?.key === 'inputs' &&
      inputs[0].dtype === 'DT_STRING',
  );
}
