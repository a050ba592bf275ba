import { VALUES_FIELDS, type Value } from '../../model/constant-tensor.ts';
import type { Default, Signature } from '../../model/signatures.ts';
import type { Composite, TensorInfo } from '../../model/tensor-info.ts';
import { dtypeName } from '../../model/tensor-info.ts';
import type { ModelStatus, VersionStatus } from '../../models/status.ts';

/** The answer to GET /v1/models/NAME, laid out as TensorFlow Serving's. */
export function statusText(versions: readonly VersionStatus[]): string {
  return JSON.stringify(statusJson(versions), null, 1);
}

/** The answer to GET /v1/models, which TensorFlow Serving does not have: all models, each with its status. */
export function listText(models: readonly ModelStatus[]): string {
  return JSON.stringify(
    {
      models: models.map(({ name, versions, labels, reason }) => ({
        name,
        ...statusJson(versions),
        ...(labels.size > 0 && { version_labels: Object.fromEntries(labels) }),
        ...(reason !== '' && { error: reason }),
      })),
    },
    null,
    1,
  );
}

function statusJson(versions: readonly VersionStatus[]) {
  return {
    model_version_status: versions.map(({ version, state, code, message }) => ({
      version,
      state,
      status: { error_code: code, error_message: message },
    })),
  };
}

/** What is known of a version once it is loaded. */
export interface Described {
  readonly name: string;
  readonly version: string;
  readonly signatures: ReadonlyMap<string, Signature>;
  /** `__saved_model_init_op`, which TensorFlow runs itself: it is shown, but cannot be called. */
  readonly initOp?: Signature | undefined;
}

/** The answer to GET /v1/models/NAME/metadata: the signatures in protobuf's JSON form, as TensorFlow Serving's. */
export function metadataText({ name, version, signatures, initOp }: Described): string {
  const all = [...signatures.values(), ...(initOp === undefined ? [] : [initOp])];
  const byName = Object.fromEntries(all.map((signature) => [signature.name, signatureJson(signature)]));
  return JSON.stringify(
    {
      model_spec: { name, signature_name: '', version },
      metadata: { signature_def: { signature_def: byName } },
    },
    null,
    1,
  );
}

function signatureJson({ inputs, outputs, method, defaults }: Signature) {
  return {
    inputs: infosJson(inputs),
    outputs: infosJson(outputs),
    method_name: method,
    defaults: Object.fromEntries([...(defaults ?? [])].map(([key, one]) => [key, defaultJson(one)])),
  };
}

/** The parts of a sparse or ragged tensor are shown as the file has them: as one. */
function infosJson(infos: readonly TensorInfo[]) {
  return Object.fromEntries(
    infos.map(({ key, name, dtype, shape, partOf }) =>
      partOf === undefined
        ? [key, { dtype, tensor_shape: shapeJson(shape), name }]
        : [partOf.key, compositeJson(partOf)],
    ),
  );
}

function compositeJson({ dtype, shape, encoding, parts }: Composite) {
  const nameOf = (key: string) => parts.find((part) => part.key === key)?.name ?? '';
  const how =
    encoding === 'coo_sparse'
      ? {
          values_tensor_name: nameOf('values'),
          indices_tensor_name: nameOf('indices'),
          dense_shape_tensor_name: nameOf('dense_shape'),
        }
      : {
          components: parts.map((part) => ({
            dtype: part.dtype,
            tensor_shape: shapeJson(part.shape),
            name: part.name,
          })),
        };
  return { dtype, tensor_shape: shapeJson(shape), [encoding]: how };
}

function shapeJson(shape: readonly number[] | undefined) {
  const dim = (shape ?? []).map((size) => ({ size: String(size), name: '' })); // protobuf writes int64 as a string
  return { dim, unknown_rank: shape === undefined };
}

function defaultJson({ proto: { dtype, shape, content, values } }: Default) {
  const lists = VALUES_FIELDS.map((field) => [
    field,
    (values?.field === field ? values.list : []).map(valueJson),
  ]);
  return {
    dtype: dtypeName(dtype),
    tensor_shape: shapeJson(shape),
    version_number: 0,
    tensor_content: Buffer.from(content).toString('base64'),
    ...Object.fromEntries(lists),
  };
}

/** As protobuf has it in JSON: 64 bits as text, bytes in base64, and words for what is no finite number. */
function valueJson(value: Value) {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'object') return Buffer.from(value).toString('base64');
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}
