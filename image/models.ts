import { ask, field } from './asking.ts';

/** An example of more values than this is not asked. */
const MAX_VALUES = 1e6;

/** What a server says of one model. */
export interface Checked {
  readonly lines: readonly string[];
  /** Its signatures are those of celsius, so that it must know the answers. */
  readonly isCelsius: boolean;
}

/** @returns the names of all models that the server has. @throws Error where it does not say */
export async function modelNames(url: string, wait: number): Promise<string[]> {
  const models = field(await get(`${url}/v1/models`, wait), 'models');
  const names = (Array.isArray(models) ? models : []).map((model) => String(field(model, 'name')));
  if (names.length === 0) throw new Error('/v1/models names no model');
  return names;
}

/**
 * Asks for a model's state and signatures, and posts an example made from a signature. A model may refuse the example
 * for its values, which is told and no fault.
 *
 * @throws Error where no version is available, or where an answer is missing or a failure of the server
 */
export async function checkModel(url: string, name: string, wait: number): Promise<Checked> {
  const base = `${url}/v1/models/${encodeURIComponent(name)}`;
  const versions = field(await get(base, wait), 'model_version_status');
  const states = (Array.isArray(versions) ? versions : []).map((one) => ({
    version: String(field(one, 'version')),
    state: String(field(one, 'state')),
    message: String(field(one, 'status', 'error_message') ?? ''),
  }));
  const available = states.filter(({ state }) => state === 'AVAILABLE').map(({ version }) => version);
  if (available.length === 0) {
    const said = states.map(({ version, state, message }) =>
      `version ${version} is ${state} ${message}`.trim(),
    );
    throw new Error(`${name}: no version is available: ${said.join('; ') || 'there is none'}`);
  }
  const lines = [`${name}: version ${available.join(', ')} available`];
  const signatures = field(await get(`${base}/metadata`, 0), 'metadata', 'signature_def', 'signature_def');
  const example = exampleOf(signatures);
  if (example === undefined)
    return { lines: [...lines, `${name}: no example can be made`], isCelsius: false };
  const { status, text } = await ask(`${base}:predict`, example.body, wait);
  const said = text.replace(/\s+/g, ' ').slice(0, 200);
  if (status >= 500 || status === 404)
    throw new Error(`${name}: ${json(example.body)} gave status ${status}: ${said}`);
  lines.push(
    status === 200
      ? `${name}: ${json(example.body)} gave ${said}`
      : `${name}: the model refuses ${json(example.body)} (${status}: ${said}), as it may`,
  );
  const { signature } = example;
  const isCelsius =
    field(signature, 'inputs', 'fahrenheit') !== undefined &&
    field(signature, 'outputs', 'celsius') !== undefined;
  return { lines, isCelsius };
}

async function get(url: string, wait: number): Promise<unknown> {
  const { status, text } = await ask(url, undefined, wait);
  if (status !== 200) throw new Error(`${url} gave status ${status}: ${text.slice(0, 200)}`);
  return JSON.parse(text);
}

/**
 * A body for `:predict` in column format, from signatures as `/metadata` has them: zeros, with 1 for dimensions that the
 * model leaves open; by the default signature, or the first.
 *
 * @returns undefined where there is no signature, or where an input is no tensor or too large
 */
export function exampleOf(signatures: unknown): { body: object; signature: unknown } | undefined {
  const names = Object.keys(Object(signatures)).filter((name) => !name.startsWith('__'));
  const name = names.includes('serving_default') ? 'serving_default' : names[0];
  if (name === undefined) return undefined;
  const signature = field(signatures, name);
  const inputs = Object.entries(Object(field(signature, 'inputs'))).map(([key, info]) => ({
    key,
    dtype: String(field(info, 'dtype')),
    shape: shapeOf(info),
  }));
  const values = inputs.reduce(
    (sum, { shape }) => sum + (shape?.reduce((a, b) => a * b, 1) ?? Number.NaN),
    0,
  );
  if (!(values <= MAX_VALUES)) return undefined;
  const filled = Object.fromEntries(inputs.map(({ key, dtype, shape = [] }) => [key, zeros(dtype, shape)]));
  return { body: { signature_name: name, inputs: filled }, signature };
}

/** Undefined for what is no single tensor: sparse, ragged. */
function shapeOf(info: unknown): number[] | undefined {
  if (typeof field(info, 'name') !== 'string') return undefined;
  if (field(info, 'tensor_shape', 'unknown_rank') === true) return [1];
  const dims = field(info, 'tensor_shape', 'dim');
  return (Array.isArray(dims) ? dims : []).map((dim) => Math.max(Number(field(dim, 'size')), 1));
}

function zeros(dtype: string, shape: readonly number[]): unknown {
  const one = /STRING/.test(dtype) ? 'text' : /BOOL/.test(dtype) ? false : /COMPLEX/.test(dtype) ? [0, 0] : 0;
  return shape.reduceRight<unknown>((inner, size) => Array.from({ length: size }, () => inner), one);
}

const json = (value: unknown): string => {
  const text = JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
};
