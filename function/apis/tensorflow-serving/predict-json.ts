import { invalidArgument } from '../../errors.ts';
import { readFloatLists } from '../../model/float-lists.ts';
import { rowTexts, tensorText } from '../../model/json-text.ts';
import { parseJson, parseJsonExactly } from '../../model/parse-json.ts';
import type { Model } from '../../model/saved-model.ts';
import type { Signature, TensorInfo } from '../../model/signatures.ts';
import type { Tensor } from '../../model/tensor.ts';
import { isBase64Object, tensorFromJson } from '../../model/tensor-json.ts';
import type { FloatCodec } from '../../native/binding.ts';

/** A predict request, read and checked. */
export interface PredictRequest {
  readonly signature: Signature;
  /** In the order of `signature.inputs`. */
  readonly inputs: Tensor[];
  /** `row`: `instances` in, `predictions` out. `column`: `inputs` in, `outputs` out. */
  readonly format: 'row' | 'column';
}

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Reads the body of a `:predict` request as TensorFlow Serving does (recorded from 2.17.1, and its json_tensor.cc).
 *
 * @throws RequestError INVALID_ARGUMENT that names the place in the body
 */
export function readPredict(body: Buffer, model: Model): PredictRequest {
  return readFloats(body, model) ?? readAny(body, model);
}

/** A body of numbers alone for a default signature with one float32 input: the usual one, and often a large one. */
function readFloats(body: Buffer, model: Model): PredictRequest | undefined {
  const signature = model.signatures.get('serving_default');
  if (signature?.unsupported !== undefined || signature?.inputs.length !== 1) return undefined;
  if (signature.inputs[0]?.dtype !== 'DT_FLOAT') return undefined;
  const lists = readFloatLists(body, model.floats);
  if (lists === undefined) return undefined;
  const inputs = [lists.tensor];
  if (lists.key === 'inputs') return { signature, inputs, format: 'column' };
  const isRows = lists.key === 'instances' && lists.tensor.shape[0] !== 0;
  return isRows ? { signature, inputs, format: 'row' } : undefined;
}

function readAny(body: Buffer, model: Model): PredictRequest {
  let json = objectOf(parseJson(body));
  const signature = signatureOf(json, model);
  if (signature.inputs.some((input) => input.dtype === 'DT_INT64')) json = objectOf(parseJsonExactly(body));
  const hasInstances = Object.hasOwn(json, 'instances');
  if (hasInstances === Object.hasOwn(json, 'inputs')) {
    throw invalidArgument(
      `give ${hasInstances ? 'only one of' : 'one of'} "instances" (row format) and "inputs" (column format)`,
    );
  }
  return hasInstances
    ? { signature, inputs: readInstances(json.instances, signature), format: 'row' }
    : { signature, inputs: readInputs(json.inputs, signature), format: 'column' };
}

function objectOf(json: unknown): JsonObject {
  if (isObject(json)) return json;
  throw invalidArgument('the body is not a JSON object; send {"instances": […]} or {"inputs": …}');
}

function signatureOf(json: JsonObject, model: Model): Signature {
  const given = Object.hasOwn(json, 'signature_name') ? json.signature_name : '';
  if (typeof given !== 'string') throw invalidArgument('signature_name: not a string');
  const name = given === '' ? 'serving_default' : given;
  const signature = model.signatures.get(name);
  if (signature === undefined) {
    const known = [...model.signatures.keys()].join(', ') || 'none';
    throw invalidArgument(
      `signature_name: no signature ${JSON.stringify(name.slice(0, 100))}; this model has: ${known}`,
    );
  }
  if (signature.unsupported !== undefined) throw invalidArgument(signature.unsupported);
  return signature;
}

/** Row format: a list of values where there is one input, or of objects by input name. */
function readInstances(instances: unknown, signature: Signature): Tensor[] {
  if (!Array.isArray(instances)) throw invalidArgument('instances: not a list');
  if (instances.length === 0) throw invalidArgument('instances: the list is empty');
  const named = isObject(instances[0]) && !isBase64Object(instances[0]);
  if (!named) return [tensorFromJson(instances, onlyInput(signature, 'instances'), 'instances')];
  for (const [i, instance] of instances.entries()) {
    checkPresent(instance, signature, `instances[${i}]`);
    checkNoOthers(instance, signature, `instances[${i}]`);
  }
  return signature.inputs.map((input) => {
    const values = instances.map((instance: JsonObject) => instance[input.key]);
    return tensorFromJson(values, input, `instances.${input.key}`);
  });
}

/** Column format: one tensor where there is one input, or an object of tensors by input name. */
function readInputs(inputs: unknown, signature: Signature): Tensor[] {
  if (inputs === null) throw invalidArgument('inputs: null is no tensor');
  if (!isObject(inputs) || isBase64Object(inputs)) {
    return [tensorFromJson(inputs, onlyInput(signature, 'inputs'), 'inputs')];
  }
  checkPresent(inputs, signature, 'inputs'); // names that are no input are let pass here, as TensorFlow Serving does
  return signature.inputs.map((input) => tensorFromJson(inputs[input.key], input, `inputs.${input.key}`));
}

function onlyInput(signature: Signature, path: string): TensorInfo {
  const [input, ...others] = signature.inputs;
  if (input !== undefined && others.length === 0) return input;
  const names = signature.inputs.map((one) => one.key).join(', ');
  throw invalidArgument(
    `${path}: signature "${signature.name}" has several inputs; send objects with the names ${names}`,
  );
}

function checkPresent(value: unknown, signature: Signature, path: string): asserts value is JsonObject {
  const keys = signature.inputs.map((input) => input.key);
  if (!isObject(value)) throw invalidArgument(`${path}: not an object with the inputs ${keys.join(', ')}`);
  const missing = keys.find((key) => !Object.hasOwn(value, key));
  if (missing !== undefined) throw invalidArgument(`${path}: input ${JSON.stringify(missing)} is missing`);
}

function checkNoOthers(value: JsonObject, signature: Signature, path: string): void {
  const other = Object.keys(value).find((key) => !signature.inputs.some((input) => input.key === key));
  if (other === undefined) return;
  throw invalidArgument(
    `${path}: ${JSON.stringify(other.slice(0, 100))} is no input of signature "${signature.name}"`,
  );
}

/**
 * Writes the answer to a predict request as JSON text.
 *
 * @param outputs in the order of `signature.outputs`
 * @throws RequestError INVALID_ARGUMENT where an output cannot be told apart by rows, or holds a value that JSON cannot say
 */
export function predictText(
  { signature, format }: Pick<PredictRequest, 'signature' | 'format'>,
  outputs: readonly Tensor[],
  codec: FloatCodec,
): string {
  const infos = signature.outputs;
  if (format === 'column') {
    const texts = infos.map((info, i) => tensorText(tensorAt(outputs, i), info, codec));
    return `{"outputs":${texts.length === 1 ? texts[0] : objectText(infos, texts)}}`;
  }
  const rows = outputs[0]?.shape[0];
  for (const [i, { key }] of infos.entries()) {
    const [size] = tensorAt(outputs, i).shape;
    if (size !== undefined && size === rows) continue;
    const found = size === undefined ? 'a scalar' : `${size} rows`;
    throw invalidArgument(
      `output "${key}" is ${found}, so it has no row format; send "inputs" in place of "instances"`,
    );
  }
  const [only, ...others] = infos;
  if (only === undefined) return '{"predictions":[]}';
  if (others.length === 0) return `{"predictions":${tensorText(tensorAt(outputs, 0), only, codec)}}`;
  const columns = infos.map((info, i) => rowTexts(tensorAt(outputs, i), info));
  const objects = Array.from({ length: rows ?? 0 }, (_, row) =>
    objectText(
      infos,
      columns.map((column) => column[row] ?? 'null'),
    ),
  );
  return `{"predictions":[${objects.join(',')}]}`;
}

function objectText(infos: readonly TensorInfo[], texts: readonly string[]): string {
  return `{${infos.map(({ key }, i) => `${JSON.stringify(key)}:${texts[i]}`).join(',')}}`;
}

function tensorAt(outputs: readonly Tensor[], index: number): Tensor {
  const output = outputs[index];
  if (output === undefined) throw new RangeError(`the model gave no output ${index}`);
  return output;
}
