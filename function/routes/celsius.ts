import { Compile } from 'typebox/compile';
import type { Deps, Route } from '../app.ts';
import { badRequest, HttpError } from '../errors.ts';
import { jsonText } from '../http.ts';
import { readFloatLists } from '../model/float-lists.ts';
import { tensorText } from '../model/json-text.ts';
import { parseJson } from '../model/parse-json.ts';
import type { Model } from '../model/saved-model.ts';
import type { Signature, TensorInfo } from '../model/signatures.ts';
import type { Tensor } from '../model/tensor.ts';
import { tensorFromJson } from '../model/tensor-json.ts';
import { CelsiusRequest } from './schemas.ts';

/**
 * POST /celsius: `{"fahrenheit": 212}` → `{"celsius": 100, "runId": "…"}`; a list in gives a list out, same order.
 * It is answered by the model's default signature where that turns `fahrenheit` into `celsius`, both float32; with
 * any other model it is 404.
 */
export function celsiusRoute({ runId, served }: Pick<Deps, 'runId' | 'served'>): Route {
  const validator = Compile(CelsiusRequest);
  const tail = `,"runId":"${runId}"}`;
  return {
    name: 'celsius',
    path: '/celsius',
    methods: ['POST'],
    async handle(request) {
      const { model, batcher } = served();
      const found = celsiusSignature(model);
      if (found === undefined) throw noCelsius(model);
      const { signature, output } = found;
      const { rows, one } = readRows(request.body, model, found.input);
      const [celsius] = await batcher.run({ signature, inputs: [rows], client: request });
      if (celsius === undefined) throw new HttpError(500, 'the model gave no output');
      const text = tensorText(one ? { ...celsius, shape: [] } : celsius, output, model.floats);
      return jsonText(200, `{"celsius":${text}${tail}`);
    },
  };

  /** @returns `rows` float32 [n], and whether `one` temperature was sent bare */
  function readRows(body: Buffer, model: Model, input: TensorInfo): { rows: Tensor; one: boolean } {
    const lists = readFloatLists(body, model.floats);
    if (lists?.key === 'fahrenheit' && lists.tensor.shape.length === 1)
      return { rows: lists.tensor, one: false };
    const json = parseJson(body);
    if (!validator.Check(json)) throw badRequest(firstFault(json));
    const { fahrenheit } = json;
    const one = typeof fahrenheit === 'number';
    return { rows: tensorFromJson(one ? [fahrenheit] : fahrenheit, input, 'fahrenheit'), one };
  }

  function firstFault(json: unknown): string {
    // Of the errors of a number or a list of numbers, the one that reaches deepest says which was meant.
    const [error] = validator.Errors(json).sort((a, b) => b.instancePath.length - a.instancePath.length);
    const place = error?.instancePath.slice(1).replaceAll('/', '.') || 'the body';
    return `${place}: ${error?.message ?? 'not as expected'}; send {"fahrenheit": 212} or {"fahrenheit": [212, 32]}`;
  }
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

function noCelsius({ name }: Model): HttpError {
  return new HttpError(404, `model ${name} turns no fahrenheit into celsius; use /v1/models/${name}:predict`);
}
