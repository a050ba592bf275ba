import type { TSchema } from 'typebox';
import type { Signature } from '../../model/signatures.ts';
import {
  classifySignatures,
  exampleRequest,
  regressSignatures,
} from '../tensorflow-serving/example-schemas.ts';
import { predictExample } from '../tensorflow-serving/predict-example.ts';
import { predictSchemas } from '../tensorflow-serving/predict-schemas.ts';
import { type Address, addressesOf, type DocumentedModel } from './documented.ts';
import { errors, type Json, jsonAnswer, jsonBody, MODEL_VERSION, type Part } from './openapi-answers.ts';

/** TensorFlow Serving's REST API for one model: once as it is, once by version, once by label. */
export function servingPart(model: DocumentedModel): Part {
  const { id, groups } = model;
  const schemas: Record<string, TSchema> = {};
  groups.forEach(({ signatures }, group) => {
    const { request, response } = predictSchemas(signatures);
    const names = namesOf(id, group);
    schemas[names.predictRequest] = request;
    schemas[names.predictResponse] = response;
    const [classify, regress] = [classifySignatures(signatures), regressSignatures(signatures)];
    if (classify.length > 0) schemas[names.classifyRequest] = exampleRequest(classify);
    if (regress.length > 0) schemas[names.regressRequest] = exampleRequest(regress);
  });
  const paths = Object.assign(
    {},
    ...addressesOf(model, '/v1/models', true).map((address) => pathsAt(model, address)),
  );
  return { paths, schemas };
}

function namesOf(id: string, group: number) {
  const stem = group === 0 ? id : `${id}.${group + 1}`;
  return {
    predictRequest: `${stem}.PredictRequest`,
    predictResponse: `${stem}.PredictResponse`,
    classifyRequest: `${stem}.ClassifyRequest`,
    regressRequest: `${stem}.RegressRequest`,
  };
}

function pathsAt({ id, name }: DocumentedModel, { base, suffix, parameters, alike, group }: Address): Json {
  const names = namesOf(id, group);
  const { signatures } = alike;
  const example = predictExample(signatures);
  const isPlain = suffix === '';
  const missing = isPlain ? [] : [404];
  const post = (verb: string, summary: string, body: Json, what: string, schema: string): Json => ({
    [`${base}:${verb}`]: {
      parameters,
      post: {
        operationId: `${id}.${verb}${suffix}`,
        summary,
        tags: [name],
        requestBody: body,
        responses: {
          200: jsonAnswer(what, schema, MODEL_VERSION),
          ...errors(400, ...missing, 408, 413, 415, 503),
        },
      },
    },
  });
  const byExamples = (verb: 'classify' | 'regress', of: readonly Signature[], schema: string) => {
    if (of.length === 0) return {};
    const what =
      verb === 'classify'
        ? ['Classes of examples.', 'ClassifyResponse']
        : ['A number for each example.', 'RegressResponse'];
    return post(
      verb,
      `${what[0]} Their features depend on the graph.`,
      jsonBody(schema, {}),
      'In the order of the examples.',
      what[1] ?? '',
    );
  };
  return {
    ...post(
      'predict',
      'Runs a signature of the model.',
      jsonBody(names.predictRequest, example === undefined ? {} : { example: { value: example } }),
      '`predictions` for `instances`, `outputs` for `inputs`.',
      names.predictResponse,
    ),
    ...byExamples('classify', classifySignatures(signatures), names.classifyRequest),
    ...byExamples('regress', regressSignatures(signatures), names.regressRequest),
    [base]: {
      parameters,
      get: {
        operationId: `${id}.status${suffix}`,
        summary: 'The versions of the model, newest first, and their states. A label makes no difference.',
        tags: [name],
        responses: { 200: jsonAnswer('They are.', 'ModelStatusResponse'), ...errors(400, ...missing, 503) },
      },
    },
    [`${base}/metadata`]: {
      parameters,
      get: {
        operationId: `${id}.metadata${suffix}`,
        summary: 'The signatures of the model: inputs, outputs, dtypes and shapes.',
        tags: [name],
        responses: {
          200: jsonAnswer('They are.', 'ModelMetadataResponse', MODEL_VERSION),
          ...errors(400, ...missing, 503),
        },
      },
    },
  };
}
