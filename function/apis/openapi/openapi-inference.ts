import type { TSchema } from 'typebox';
import type { Signature, TensorInfo } from '../../model/signatures.ts';
import { inferenceSignature, tensorMetadata } from '../open-inference/models.ts';
import { type Address, addressesOf, type DocumentedModel } from './documented.ts';
import { errors, type Json, jsonAnswer, type Part, readable } from './openapi-answers.ts';

/** Before a body in which tensors follow the JSON: the JSON's bytes. */
const HEADER_LENGTH = {
  name: 'inference-header-content-length',
  in: 'header',
  description:
    'Bytes of the JSON, where binary tensors follow it in the body: those of each input, in their order.',
  schema: { type: 'string', pattern: '^[1-9][0-9]{0,14}$' },
};
const BINARY = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } };

/** Open Inference V2 for one model, by its signature `serving_default` or its only one; nothing where it has neither. */
export function inferencePart(model: DocumentedModel): Part {
  const schemas: Record<string, TSchema> = {};
  const called = model.groups.map(({ signatures }, group) => {
    const signature = inferenceSignature(signatures);
    if (signature === undefined || signature.unsupported !== undefined) return false;
    schemas[`${stemOf(model, group)}.InferRequest`] = requestSchema(signature);
    schemas[`${stemOf(model, group)}.InferResponse`] = responseSchema(signature);
    return true;
  });
  const addresses = addressesOf(model, '/v2/models', false).filter(({ group }) => called[group]);
  return { paths: Object.assign({}, ...addresses.map((address) => pathsAt(model, address))), schemas };
}

const stemOf = ({ id }: DocumentedModel, group: number) => (group === 0 ? id : `${id}.${group + 1}`);

function pathsAt(model: DocumentedModel, { base, suffix, parameters, group }: Address): Json {
  const { id, name } = model;
  const tags = [name];
  const schema = (what: string) => ({ $ref: `#/components/schemas/${stemOf(model, group)}.${what}` });
  return {
    [base]: {
      parameters,
      ...readable({
        operationId: `${id}.v2.metadata${suffix}`,
        summary: 'Inputs and outputs of the model, and the versions that answer.',
        tags,
        responses: { 200: jsonAnswer('They are.', 'InferenceModelMetadata'), ...errors(404, 405, 503) },
      }),
    },
    [`${base}/ready`]: {
      parameters,
      ...readable({
        operationId: `${id}.v2.ready${suffix}`,
        summary: 'Whether the model answers.',
        tags,
        responses: { 200: jsonAnswer('It does.', 'InferenceModelReady'), ...errors(404, 405, 503) },
      }),
    },
    [`${base}/infer`]: {
      parameters,
      post: {
        operationId: `${id}.v2.infer${suffix}`,
        summary: 'Runs the model.',
        description:
          'Tensors in JSON, or, by `binary_data_size` in an input’s parameters, after it: little-endian, strings each with their length before them in four bytes. Outputs are binary where `binary_data` or `binary_data_output` asks for it.',
        tags,
        parameters: [HEADER_LENGTH],
        requestBody: {
          required: true,
          content: { 'application/json': { schema: schema('InferRequest') }, ...BINARY },
        },
        responses: {
          200: {
            ...jsonAnswer('The outputs, all or those that were asked for.', ''),
            content: { 'application/json': { schema: schema('InferResponse') }, ...BINARY },
          },
          ...errors(400, 404, 405, 408, 413, 415, 503),
        },
      },
    },
  };
}

const list = (items: TSchema, more: Json = {}): TSchema => ({ type: 'array', items, ...more });
const NO_ITEMS = { maxItems: 0 };

function requestSchema({ inputs, outputs, defaults }: Signature): TSchema {
  const parameters = { type: 'object' };
  const wanted = inputs.filter(({ key }) => !defaults?.has(key)).length;
  return {
    type: 'object',
    required: ['inputs'],
    properties: {
      id: { type: 'string' },
      parameters: { ...parameters, properties: { binary_data_output: { type: 'boolean' } } },
      inputs:
        inputs.length === 0
          ? list({}, NO_ITEMS)
          : list(
              { anyOf: inputs.map((input) => tensorSchema(input, 0)) },
              { minItems: wanted, maxItems: inputs.length },
            ),
      outputs: list({
        type: 'object',
        required: ['name'],
        properties: {
          name: { enum: outputs.map(({ key }) => key) },
          parameters: { ...parameters, properties: { binary_data: { type: 'boolean' } } },
        },
      }),
    },
  };
}

function responseSchema({ outputs }: Signature): TSchema {
  return {
    type: 'object',
    required: ['model_name', 'model_version', 'outputs'],
    properties: {
      model_name: { type: 'string' },
      model_version: { type: 'string' },
      id: { type: 'string' },
      outputs:
        outputs.length === 0
          ? list({}, NO_ITEMS)
          : list({ anyOf: outputs.map((output) => tensorSchema(output, undefined)) }),
    },
  };
}

/** @param least smallest size of a dimension that the model leaves open; undefined: sizes are the graph's to say */
function tensorSchema(info: TensorInfo, least: number | undefined): TSchema {
  const { name, datatype } = tensorMetadata(info);
  const { shape } = info;
  const size = (known: number): TSchema =>
    known < 0 || least === undefined ? { type: 'integer', minimum: 0 } : { const: known };
  const ofRank = shape === undefined ? {} : { minItems: shape.length, maxItems: shape.length };
  const sizes = shape === undefined || shape.length === 0 ? {} : { prefixItems: shape.map(size) };
  return {
    title: name,
    type: 'object',
    required: ['name', 'shape', 'datatype'],
    properties: {
      name: { const: name },
      datatype: { const: datatype },
      shape: { type: 'array', items: { type: 'integer', minimum: 0 }, ...ofRank, ...sizes },
      parameters: { type: 'object', properties: { binary_data_size: { type: 'integer', minimum: 0 } } },
      data: { type: 'array', description: 'Elements in row-major order, flat or nested.' },
    },
  };
}
