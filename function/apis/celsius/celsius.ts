import { invalidArgument, RequestError } from '../../errors.ts';
import { type Answer, after, type HttpRequest, jsonText } from '../../http/message.ts';
import type { Route } from '../../http/route.ts';
import type { SavedModel, ServedSignature } from '../../model/saved-model.ts';
import { HttpClient } from '../client.ts';
import type { Deps, Served } from '../deps.ts';

/** A larger body is not read a second time for better words on what is wrong with it. */
const EXPLAINED_UP_TO = 1 << 16;

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
  const formatOf = (one: Served): number => {
    let format = formats.get(one);
    if (format === undefined) {
      const signature = celsiusSignature(one.model);
      if (signature === undefined) throw noCelsius(one.model);
      format = one.runner.addField(signature.index, 'fahrenheit', '{"celsius":', `,"runId":"${runId}"}`);
      formats.set(one, format);
    }
    return format;
  };
  const answer = (request: HttpRequest): Answer => {
    const one = served();
    const client = new HttpClient(request, requestDeadlineMs);
    return after(one.runner.answer(formatOf(one), request.body, client), jsonText);
  };
  return {
    name: 'celsius',
    path: '/celsius',
    methods: ['POST'],
    handle(request) {
      try {
        const answered = answer(request);
        if (!(answered instanceof Promise)) return answered;
        return answered.catch((error: unknown) => explain(error, request.body));
      } catch (error) {
        return explain(error, request.body);
      }
    },
  };
}

/**
 * The schema of the request says better than the reader of numbers what is wrong with a body. Its checker takes 10 ms to
 * load, so a cold start does without it.
 *
 * @throws RequestError
 */
async function explain(error: unknown, body: Buffer): Promise<never> {
  if (!(error instanceof RequestError) || error.code !== 'INVALID_ARGUMENT' || body.length > EXPLAINED_UP_TO)
    throw error;
  const json = parsed(body);
  const { faultIn } = await import('./celsius-fault.ts');
  const fault = json === undefined ? undefined : faultIn(json.value);
  if (fault === undefined) throw error;
  throw invalidArgument(`${fault}; send {"fahrenheit": 212} or {"fahrenheit": [212, 32]}`);
}

function parsed(body: Buffer): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(body.toString()) };
  } catch {
    return undefined; // the reader's own words say where
  }
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
