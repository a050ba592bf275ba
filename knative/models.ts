import Type, { type Static } from 'typebox';
import Value from 'typebox/value';
import { FatalError } from '../function/errors.ts';
import { type Example, exampleOf, SignatureDef } from './example.ts';
import type { Answer, Ingress } from './ingress.ts';

const Models = Type.Object({
  models: Type.Array(
    Type.Object({
      name: Type.String(),
      model_version_status: Type.Array(
        Type.Object({
          version: Type.String(),
          state: Type.String(),
          status: Type.Object({ error_code: Type.String(), error_message: Type.String() }),
        }),
      ),
    }),
  ),
});
export type Model = Static<typeof Models>['models'][number];

const Metadata = Type.Object({
  metadata: Type.Object({
    signature_def: Type.Object({ signature_def: Type.Record(Type.String(), SignatureDef) }),
  }),
});

/**
 * The models behind an ingress, by GET /v1/models.
 *
 * @throws {FatalError} where what answers is no such server
 */
export async function listModels(ingress: Ingress): Promise<Model[]> {
  const json = answered(await ingress.get('/v1/models'), ingress.url);
  if (!Value.Check(Models, json)) throw notOurs(ingress.url);
  return json.models;
}

/** An example request for each signature of a model. @throws {FatalError} where there is no such model */
export async function examplesOf(ingress: Ingress, model: string): Promise<Example[]> {
  const path = `/v1/models/${encodeURIComponent(model)}/metadata`;
  const json = answered(await ingress.get(path), ingress.url);
  if (!Value.Check(Metadata, json)) throw notOurs(ingress.url);
  return Object.entries(json.metadata.signature_def.signature_def).map(([name, signature]) =>
    exampleOf(name, signature),
  );
}

/** @returns the body's JSON @throws {FatalError} with the server's own words where it refuses */
export function answered({ status, body }: Answer, url: string): unknown {
  const text = body.replace(/\s+/g, ' ').trim().slice(0, 200);
  if (status !== 200) {
    throw new FatalError(
      `${url} answers ${status}: ${text || 'nothing'}: \`npm run knative -- status\` shows whether it is ready`,
    );
  }
  try {
    return JSON.parse(body);
  } catch {
    throw notOurs(url);
  }
}

function notOurs(url: string): FatalError {
  return new FatalError(`${url} does not answer as a model server: is it a celsius image?`);
}
