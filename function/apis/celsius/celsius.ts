import { invalidArgument, RequestError } from '../../errors.ts';
import { after, jsonText } from '../../http/message.ts';
import type { Route } from '../../http/route.ts';
import { readFloatLists } from '../../model/float-lists.ts';
import { tensorText } from '../../model/json-text.ts';
import { parseJson } from '../../model/parse-json.ts';
import type { Model } from '../../model/saved-model.ts';
import type { Signature, TensorInfo } from '../../model/signatures.ts';
import type { Tensor } from '../../model/tensor.ts';
import { tensorFromJson } from '../../model/tensor-json.ts';
import type { Deps } from '../deps.ts';
import type { CelsiusRequest } from '../schemas.ts';

/**
 * POST /celsius: `{"fahrenheit": 212}` → `{"celsius": 100, "runId": "…"}`; a list in gives a list out, same order.
 * It is answered by the model's default signature where that turns `fahrenheit` into `celsius`, both float32; with
 * any other model it is 404.
 */
export function celsiusRoute({ runId, served }: Pick<Deps, 'runId' | 'served'>): Route {
  const tail = `,"runId":"${runId}"}`;
  return {
    name: 'celsius',
    path: '/celsius',
    methods: ['POST'],
    handle(request) {
      const { model, batcher } = served();
      const found = celsiusSignature(model);
      if (found === undefined) throw noCelsius(model);
      const { signature, output } = found;
      const read = readRows(request.body, model, found.input);
      if (read === undefined) return refuse(request.body);
      const { rows, one } = read;
      return after(batcher.run({ signature, inputs: [rows], client: request }), ([celsius]) => {
        if (celsius === undefined) throw new RequestError('INTERNAL', 'the model gave no output');
        const text = tensorText(one ? { ...celsius, shape: [] } : celsius, output, model.floats);
        return jsonText(`{"celsius":${text}${tail}`);
      });
    },
  };
}

interface Rows {
  /** float32 [n] */
  readonly rows: Tensor;
  /** Whether one temperature was sent, not a list. */
  readonly one: boolean;
}

/**
 * Reads what plainly fits the schema of the request; undefined where that is to be asked. The schema's own checker
 * takes 10 ms to load, so a cold start does without it, and celsius.test.ts holds the two against each other.
 */
function readRows(body: Buffer, model: Model, input: TensorInfo): Rows | undefined {
  const lists = readFloatLists(body, model.floats);
  if (lists?.key === 'fahrenheit' && lists.tensor.shape.length === 1 && lists.tensor.shape[0] !== 0) {
    return { rows: lists.tensor, one: false };
  }
  const json = parseJson(body);
  if (!plainlyFits(json)) return undefined;
  const { fahrenheit } = json;
  const tensor = tensorFromJson(fahrenheit, input, 'fahrenheit');
  const one = tensor.shape.length === 0;
  return { rows: one ? { ...tensor, shape: [1] } : tensor, one };
}

function plainlyFits(json: unknown): json is CelsiusRequest {
  if (typeof json !== 'object' || json === null || !('fahrenheit' in json)) return false;
  for (const key in json) if (key !== 'fahrenheit') return false;
  const { fahrenheit } = json;
  if (!Array.isArray(fahrenheit)) return typeof fahrenheit === 'number';
  return fahrenheit.length > 0 && fahrenheit.every((value) => typeof value === 'number');
}

/** @throws RequestError INVALID_ARGUMENT with what the schema says of the body */
async function refuse(body: Buffer): Promise<never> {
  const { faultIn } = await import('./celsius-fault.ts');
  throw invalidArgument(`${faultIn(parseJson(body))}; send {"fahrenheit": 212} or {"fahrenheit": [212, 32]}`);
}

interface CelsiusSignature {
  readonly signature: Signature;
  readonly input: TensorInfo;
  readonly output: TensorInfo;
}

/** The default signature where it turns one `fahrenheit` into one `celsius`, both float32; else undefined. */
export function celsiusSignature({ signatures }: Pick<Model, 'signatures'>): CelsiusSignature | undefined {
  const signature = signatures.get('serving_default');
  const input = signature?.inputs[0];
  const output = signature?.outputs[0];
  const fits =
    signature?.inputs.length === 1 &&
    signature.outputs.length === 1 &&
    input?.key === 'fahrenheit' &&
    input.dtype === 'DT_FLOAT' &&
    output?.key === 'celsius' &&
    output.dtype === 'DT_FLOAT';
  return fits ? { signature, input, output } : undefined;
}

function noCelsius({ name }: Model): RequestError {
  return new RequestError(
    'NOT_FOUND',
    `model ${name} turns no fahrenheit into celsius; use /v1/models/${name}:predict`,
  );
}
