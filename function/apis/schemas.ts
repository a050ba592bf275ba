import Type, { type Static } from 'typebox';

/**
 * The schemas of bodies: requests are checked by them, /openapi.json shows them, and tests hold real answers against
 * them. JSON Schema 2020-12, as OpenAPI 3.1 takes it.
 */

/** The largest float64 that is rounded to a finite float32: just below halfway from the last one to 2^128. */
const FLOAT32_MAX = 2 ** 128 - 2 ** 103 - 2 ** 75;

/** A number that is finite as float32, the models' dtype. */
export const Float32 = Type.Number({ format: 'float', minimum: -FLOAT32_MAX, maximum: FLOAT32_MAX });

/** Bytes of a string tensor that need not be text. */
export const Base64 = Type.Object(
  { b64: Type.String({ pattern: '^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2,3}={0,2})?$' }) },
  { additionalProperties: false },
);

export const CelsiusRequest = Type.Object(
  {
    fahrenheit: Type.Union([Float32, Type.Array(Float32, { minItems: 1 })], {
      description: 'One temperature in °F, or a list of them.',
    }),
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

export type CelsiusResponse = Static<typeof CelsiusResponse>;

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
  reasons: Type.Optional(
    Type.Array(Type.String(), {
      description: 'Of /readyz: what the start waits for, as far as it is known.',
    }),
  ),
});

const VersionStatuses = {
  model_version_status: Type.Array(
    Type.Object({
      version: Type.String(),
      state: Type.Union(
        (['START', 'LOADING', 'AVAILABLE', 'UNLOADING', 'END'] as const).map((state) => Type.Literal(state)),
      ),
      status: Type.Object({ error_code: Type.String(), error_message: Type.String() }),
    }),
  ),
};

export const ModelStatusResponse = Type.Object(VersionStatuses);

export const ModelListResponse = Type.Object({
  models: Type.Array(
    Type.Object({
      name: Type.String(),
      ...VersionStatuses,
      version_labels: Type.Optional(Type.Record(Type.String(), Type.String())),
      error: Type.Optional(Type.String({ description: 'Why no version answers, where none does.' })),
    }),
  ),
});

export const ModelMetadataResponse = Type.Object({
  model_spec: Type.Object({ name: Type.String(), signature_name: Type.String(), version: Type.String() }),
  metadata: Type.Object({
    signature_def: Type.Object({ signature_def: Type.Record(Type.String(), Type.Unknown()) }),
  }),
});

/** What Open Inference V2 says of the server. */
export const InferenceServerMetadata = Type.Object({
  name: Type.String(),
  version: Type.String(),
  extensions: Type.Array(Type.String()),
});
export const InferenceLive = Type.Object({ live: Type.Boolean() });
export const InferenceReady = Type.Object({ ready: Type.Boolean() });

/** And of a model. */
export const InferenceModelReady = Type.Object({ name: Type.String(), ready: Type.Boolean() });

const InferenceTensor = Type.Object({
  name: Type.String(),
  datatype: Type.String(),
  shape: Type.Array(Type.Integer({ minimum: -1 })),
});
export const InferenceModelMetadata = Type.Object({
  name: Type.String(),
  versions: Type.Array(Type.String()),
  platform: Type.String(),
  inputs: Type.Array(InferenceTensor),
  outputs: Type.Array(InferenceTensor),
});

/** Triton's model repository extension. */
export const RepositoryIndexRequest = Type.Object({
  ready: Type.Optional(Type.Boolean({ description: 'Only what answers now.' })),
});
export const RepositoryIndexResponse = Type.Array(
  Type.Object({ name: Type.String(), version: Type.String(), state: Type.String(), reason: Type.String() }),
);
export const RepositoryChangeRequest = Type.Object({
  parameters: Type.Optional(Type.Object({}, { description: 'None changes what is done.' })),
});
