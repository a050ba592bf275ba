import { invalidArgument } from '../../errors.ts';
import type { Lists } from '../../native/raw-engine.ts';
import { datatypeOf, rawOfTensor, readDatatype, tensorOfRaw } from './datatypes.ts';
import { jsonOfTensor, tensorOfElements, tensorOfJson } from './elements-json.ts';
import {
  checkParameters,
  type InferRequest,
  type InferResponse,
  type InferTensor,
  type RequestedOutput,
} from './infer.ts';
import { parseJson } from './json.ts';
import { flagOf, isNothing, type Json, listOf, objectOf, textOf } from './json-fields.ts';

/** Bytes of the JSON, where binary tensors follow it: a request's header, and an answer's. */
export const HEADER_LENGTH = 'inference-header-content-length';

/**
 * Reads the body of an inference request: JSON, and after it the tensors that are sent as binary, in the order of their
 * inputs. Those are views of the body.
 *
 * @param headerLength value of the header HEADER_LENGTH
 * @param read the lists of elements in the JSON, where they were read already
 * @throws RequestError INVALID_ARGUMENT that names the place
 */
export function readInferJson(body: Buffer, headerLength: string | undefined, read?: Lists): InferRequest {
  const end = endOfJson(body, headerLength);
  const request = objectOf(parseJson(read?.around ?? body.subarray(0, end)), 'the body');
  const { id, parameters, inputs, outputs } = request;
  // Some clients say null for what they have not.
  const whole = parametersOf(parameters, 'the request');
  const binary = new BinaryTensors(body.subarray(end));
  const tensors = listOf(inputs, 'inputs').map((input, i) =>
    readInput(input, `inputs[${i}]`, binary, read?.lists ?? []),
  );
  binary.checkEnd();
  const all = flagOf(whole.binary_data_output, 'binary_data_output') ?? false;
  return {
    id: isNothing(id) ? '' : textOf(id, 'id'),
    inputs: tensors,
    outputs: isNothing(outputs)
      ? []
      : listOf(outputs, 'outputs').map((each, i) => readOutput(each, `outputs[${i}]`, all)),
    binary: all,
  };
}

/** Bytes of the JSON, which binary tensors may follow. @throws RequestError INVALID_ARGUMENT */
export function endOfJson(body: Buffer, headerLength: string | undefined): number {
  if (headerLength === undefined) return body.length;
  const length = /^\d{1,15}$/.test(headerLength) ? Number(headerLength) : Number.NaN;
  if (length > 0 && length <= body.length) return length;
  throw invalidArgument(
    `Inference-Header-Content-Length: ${headerLength.slice(0, 50)} is not from 1 to the body's ${body.length} bytes`,
  );
}

/** What follows the JSON. */
class BinaryTensors {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  take(size: unknown, what: string): Buffer {
    const length = Number(size);
    if (typeof size !== 'number' || !Number.isSafeInteger(length) || length < 0)
      throw invalidArgument(`${what}: binary_data_size is to be a number of bytes`);
    const end = this.#at + length;
    if (end > this.#bytes.length)
      throw invalidArgument(
        `${what}: ${length} bytes of binary data, but ${this.#bytes.length - this.#at} are left`,
      );
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  checkEnd(): void {
    const left = this.#bytes.length - this.#at;
    if (left > 0) throw invalidArgument(`${left} bytes of binary data are no input's`);
  }
}

function readInput(
  value: unknown,
  place: string,
  binary: BinaryTensors,
  lists: readonly Buffer[],
): InferTensor {
  const { name, shape, datatype, parameters, data } = objectOf(value, place);
  const named = textOf(name, `${place}.name`);
  const what = `input ${JSON.stringify(named.slice(0, 100))}`;
  const type = readDatatype(textOf(datatype, `${place}.datatype`), what);
  const sizes = listOf(shape, `${place}.shape`).map((size) => {
    if (typeof size === 'number') return size;
    throw invalidArgument(`${place}.shape is to be a list of numbers`);
  });
  const { binary_data_size: size } = parametersOf(parameters, what);
  if (size === undefined) {
    const elements = typeof data === 'number' ? lists[data] : undefined;
    const tensor =
      elements === undefined || type === 'BYTES'
        ? tensorOfJson(type, sizes, data, what)
        : tensorOfElements(type, sizes, elements, what);
    return { name: named, tensor };
  }
  if (!isNothing(data)) throw invalidArgument(`${what}: data and binary_data_size; send one of them`);
  return { name: named, tensor: tensorOfRaw(type, sizes, binary.take(size, what), what) };
}

function readOutput(value: unknown, place: string, all: boolean): RequestedOutput {
  const { name, parameters } = objectOf(value, place);
  const what = `${place}.parameters`;
  const { binary_data } = parametersOf(parameters, what);
  return { name: textOf(name, `${place}.name`), binary: flagOf(binary_data, `${what}.binary_data`) ?? all };
}

/** An answer's body, and the headers that say what it is. */
export interface InferBody {
  readonly headers: readonly string[];
  readonly body: string | Buffer;
}

/**
 * Writes an inference answer: JSON, and after it the outputs that were asked for as binary.
 *
 * @param isBinary whether an output goes as binary
 * @throws RequestError INVALID_ARGUMENT where an output has no JSON form
 * @throws TypeError for a dtype that the protocol has no name for
 */
export function inferJson(response: InferResponse, isBinary: (output: string) => boolean): InferBody {
  const { modelName, modelVersion, id } = response;
  const binaries: Buffer[] = [];
  const model = `"model_name":${JSON.stringify(modelName)},"model_version":${JSON.stringify(modelVersion)}`;
  const parts: (string | Buffer)[] = [
    `{${model}${id === '' ? '' : `,"id":${JSON.stringify(id)}`},"outputs":[`,
  ];
  for (const [i, { name, tensor, text }] of response.outputs.entries()) {
    const datatype = datatypeOf(tensor.dtype);
    if (datatype === undefined) throw new TypeError(`output ${name}: no datatype for dtype ${tensor.dtype}`);
    const comma = i === 0 ? '' : ',';
    parts.push(`${comma}{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${tensor.shape}]`);
    if (isBinary(name)) {
      const raw = rawOfTensor(tensor);
      binaries.push(raw);
      parts.push(`,"parameters":{"binary_data_size":${raw.length}}}`);
    } else {
      const list = text ?? jsonOfTensor(datatype, tensor, `output ${JSON.stringify(name)}`);
      parts.push(',"data":', list, '}');
    }
  }
  parts.push(']}');
  const json = joined(parts);
  if (binaries.length === 0) return { headers: JSON_TYPE, body: json };
  const head = Buffer.isBuffer(json) ? json : Buffer.from(json);
  return {
    headers: ['content-type', 'application/octet-stream', HEADER_LENGTH, String(head.length)],
    body: Buffer.concat([head, ...binaries]),
  };
}

/** A text where all parts are texts: that is cheaper for short ones. */
function joined(parts: readonly (string | Buffer)[]): string | Buffer {
  if (!parts.some(Buffer.isBuffer)) return parts.join('');
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
}

const JSON_TYPE = ['content-type', 'application/json'] as const;

/** @throws RequestError INVALID_ARGUMENT for parameters that are refused (infer.ts) */
function parametersOf(value: unknown, place: string): Json {
  if (isNothing(value)) return {};
  const parameters = objectOf(value, `${place}: parameters`);
  checkParameters(Object.keys(parameters), place);
  return parameters;
}
