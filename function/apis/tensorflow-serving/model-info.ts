import type { SavedModel } from '../../model/saved-model.ts';
import type { Signature, TensorInfo } from '../../model/signatures.ts';

/** The answer to GET /v1/models/NAME, laid out as TensorFlow Serving's. */
export function statusText({ version }: SavedModel): string {
  const status = { error_code: 'OK', error_message: '' };
  return JSON.stringify({ model_version_status: [{ version, state: 'AVAILABLE', status }] }, null, 1);
}

/** The answer to GET /v1/models/NAME/metadata: the signatures in protobuf's JSON form, as TensorFlow Serving's. */
export function metadataText({ name, version, signatures }: SavedModel): string {
  const byName = Object.fromEntries(
    [...signatures].map(([key, signature]) => [key, signatureJson(signature)]),
  );
  return JSON.stringify(
    {
      model_spec: { name, signature_name: '', version },
      metadata: { signature_def: { signature_def: byName } },
    },
    null,
    1,
  );
}

function signatureJson({ inputs, outputs, method }: Signature) {
  return { inputs: infosJson(inputs), outputs: infosJson(outputs), method_name: method, defaults: {} };
}

function infosJson(infos: readonly TensorInfo[]) {
  return Object.fromEntries(
    infos.map(({ key, name, dtype, shape }) => {
      const dim = (shape ?? []).map((size) => ({ size: String(size), name: '' })); // protobuf writes int64 as a string
      return [key, { dtype, tensor_shape: { dim, unknown_rank: shape === undefined }, name }];
    }),
  );
}
