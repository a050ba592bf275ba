import Type, { type Static } from 'typebox';

/**
 * The schemas of bodies: requests are checked by them, /openapi.json shows them, and tests hold real answers against
 * them. JSON Schema 2020-12, as OpenAPI 3.1 takes it.
 */

export const CelsiusRequest = Type.Object(
  {
    fahrenheit: Type.Union(
      [Type.Number({ examples: [212] }), Type.Array(Type.Number(), { minItems: 1, examples: [[212, 98.6]] })],
      { description: 'One temperature in °F, or a list of them.' },
    ),
  },
  { additionalProperties: false },
);
export type CelsiusRequest = Static<typeof CelsiusRequest>;

export const RunId = Type.String({
  format: 'uuid',
  description: 'UUIDv7 of the process that answered, minted at its cold start.',
});

export const CelsiusResponse = Type.Object({
  celsius: Type.Union([Type.Number(), Type.Array(Type.Number())], {
    description: 'In °C, rounded to float32: one for one, a list for a list, in the same order.',
  }),
  runId: RunId,
});

export const ErrorResponse = Type.Object({
  error: Type.String({ description: 'What was wrong, and where.' }),
});

export const HealthResponse = Type.Object({
  status: Type.Union([
    Type.Literal('ok'),
    Type.Literal('starting'),
    Type.Literal('ready'),
    Type.Literal('draining'),
  ]),
  runId: RunId,
});

export const PredictRequest = Type.Object(
  {
    signature_name: Type.Optional(Type.String({ description: 'serving_default where left out or empty.' })),
    instances: Type.Optional(
      Type.Array(Type.Unknown(), {
        minItems: 1,
        description: 'Row format: a value per row, or an object by input name.',
      }),
    ),
    inputs: Type.Optional(
      Type.Unknown({ description: 'Column format: one tensor as nested lists, or an object by input name.' }),
    ),
  },
  { description: 'Exactly one of instances and inputs.' },
);

export const PredictResponse = Type.Union([
  Type.Object({ predictions: Type.Array(Type.Unknown()) }),
  Type.Object({ outputs: Type.Unknown() }),
]);

export const ModelStatusResponse = Type.Object({
  model_version_status: Type.Array(
    Type.Object({
      version: Type.String(),
      state: Type.Union([Type.Literal('AVAILABLE'), Type.Literal('END')]),
      status: Type.Object({ error_code: Type.String(), error_message: Type.String() }),
    }),
  ),
});

export const ModelMetadataResponse = Type.Object({
  model_spec: Type.Object({ name: Type.String(), signature_name: Type.String(), version: Type.String() }),
  metadata: Type.Object({
    signature_def: Type.Object({ signature_def: Type.Record(Type.String(), Type.Unknown()) }),
  }),
});
