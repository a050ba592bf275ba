import { RequestError } from '../../errors.ts';
import type { Route } from '../../http/route.ts';
import type { SavedModel, ServedSignature } from '../../model/saved-model.ts';
import type { Deps, Served } from '../deps.ts';
import { ModelAnswers, refusalOf } from '../model-answers.ts';

/**
 * POST /celsius: `{"fahrenheit": 212}` → `{"celsius": 100, "runId": "…"}`; a list in gives a list out, same order.
 * It is answered by the model's default signature where that turns `fahrenheit` into `celsius`, both float32; with
 * any other model it is 404.
 */
export function celsiusRoute({
  runId,
  served,
  requestDeadlineMs,
}: Pick<Deps, 'runId' | 'served' | 'requestDeadlineMs'>): Route {
  /** The format of each model's /celsius, made on its first request. */
  const formats = new WeakMap<Served, number>();
  const answers = new ModelAnswers({ requestDeadlineMs });
  const formatOf = (one: Served): number => {
    let format = formats.get(one);
    if (format === undefined) {
      const signature = celsiusSignature(one.model);
      if (signature === undefined) throw refusalOf(one, noCelsius(one.model));
      format = one.runner.addField(signature.index, 'fahrenheit', '{"celsius":', `,"runId":"${runId}"}`);
      formats.set(one, format);
    }
    return format;
  };
  return {
    name: 'celsius',
    path: '/celsius',
    methods: ['POST'],
    handle(request) {
      const one = served();
      return answers.answer(one, formatOf(one), request);
    },
  };
}

/** The default signature where it turns one `fahrenheit` into one `celsius`, both float32; else undefined. */
export function celsiusSignature({
  signatures,
}: Pick<SavedModel, 'signatures'>): ServedSignature | undefined {
  const signature = signatures.get('serving_default');
  const input = signature?.inputs[0];
  const output = signature?.outputs[0];
  const fits =
    signature?.unsupported === undefined &&
    signature?.inputs.length === 1 &&
    signature.outputs.length === 1 &&
    input?.key === 'fahrenheit' &&
    input.dtype === 'DT_FLOAT' &&
    output?.key === 'celsius' &&
    output.dtype === 'DT_FLOAT';
  return fits ? signature : undefined;
}

function noCelsius({ name }: SavedModel): RequestError {
  return new RequestError(
    'NOT_FOUND',
    `model ${name} turns no fahrenheit into celsius; use /v1/models/${name}:predict`,
  );
}
