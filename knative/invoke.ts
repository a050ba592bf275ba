import { readFileSync } from 'node:fs';
import Type from 'typebox';
import Value from 'typebox/value';
import { FatalError, messageOf } from '../function/errors.ts';
import { connect } from './cluster.ts';
import {
  commonFlags,
  type Flags,
  ingressFlags,
  number,
  outputFormat,
  parse,
  usageError,
  type Verb,
} from './flags.ts';
import { type Answer, checkIngress, type Ingress, openIngress } from './ingress.ts';
import { answered, examplesOf, listModels, type Model } from './models.ts';
import { readService } from './serving.ts';

const flags = {
  model: { type: 'string', value: 'NAME', help: 'a model: with --data asked, else shown with an example' },
  data: { type: 'string', value: 'JSON|@FILE', help: 'the body for its :predict' },
  tag: { type: 'string', value: 'TAG', help: 'ask the revision that has this tag' },
  ...ingressFlags,
  ...commonFlags,
} as const satisfies Flags;

/** The model whose answers are known. */
const CELSIUS = 'celsius';

const CelsiusAnswer = Type.Object({ celsius: Type.Array(Type.Number()), runId: Type.String() });

/**
 * @param count how many °C are expected, in the order of the request
 * @throws {FatalError} when it is any other answer
 */
export function parseCelsius(
  answer: Answer,
  count: number,
  url: string,
): { celsius: number[]; runId: string } {
  const json = answered(answer, url);
  if (!Value.Check(CelsiusAnswer, json) || json.celsius.length !== count) {
    throw new FatalError(
      `${url} does not answer with ${count} °C: is it a celsius image, or is /celsius another app's?`,
    );
  }
  return json;
}

/** What a command found out: for people, and for programs. */
interface Result {
  readonly lines: readonly string[];
  readonly json: object;
}

export const invoke: Verb = {
  summary: 'show the models behind the ingress, and ask them; °F go to celsius',
  args: '[°F…]',
  flags,
  async run(argv, io) {
    const { values: v, positionals } = parse(guardNegatives(argv), flags);
    const output = outputFormat(v.output);
    const fahrenheit = positionals.map(degrees);
    if (fahrenheit.length > 0 && v.model !== undefined)
      throw usageError('°F are for celsius; give --model its --data');
    if (v.data !== undefined && v.model === undefined) throw usageError('--data needs --model NAME');
    const body = v.data === undefined ? undefined : bodyOf(v.data);
    const timeoutMs = number('request-timeout', v['request-timeout'], 0.001) * 1000;
    const ingress = checkIngress(v.ingress);
    const cluster = connect(v, io.env);
    const service = await readService(cluster, v.name);
    const way = await openIngress(cluster, service, { ingress, tag: v.tag, timeoutMs, signal: io.signal });
    try {
      const result =
        v.model === undefined
          ? await (fahrenheit.length > 0 ? convert(way, fahrenheit) : look(way))
          : await (body === undefined ? show(way, v.model) : predict(way, v.model, body));
      if (output === 'json') io.out(JSON.stringify(result.json));
      else for (const line of result.lines) io.out(line);
    } finally {
      await way.close();
    }
  },
};

async function convert(way: Ingress, fahrenheit: readonly number[]): Promise<Result> {
  const answer = await way.post('/celsius', JSON.stringify({ fahrenheit }));
  const { celsius, runId } = parseCelsius(answer, fahrenheit.length, way.url);
  const duration_ms = milliseconds(answer);
  return {
    lines: [...fahrenheit.map((f, i) => `${f} °F = ${celsius[i]} °C`), `run ${runId}, ${duration_ms} ms`],
    json: { fahrenheit, celsius, runId, duration_ms },
  };
}

/** All models, and where celsius is one of them what it says to 212 °F. */
async function look(way: Ingress): Promise<Result> {
  const models = await listModels(way);
  const known = models.some(({ name }) => name === CELSIUS) ? await convert(way, [212]) : undefined;
  const others = models.filter(({ name }) => name !== CELSIUS);
  return {
    lines: [
      ...models.flatMap(inWords),
      ...(known?.lines ?? []),
      ...others.slice(0, 1).map(({ name }) => `\`invoke --model ${name}\` shows how to ask it`),
    ],
    json: { models, ...known?.json },
  };
}

async function show(way: Ingress, model: string): Promise<Result> {
  const examples = await examplesOf(way, model);
  return {
    lines: examples.flatMap(({ signature, inputs, outputs, body }) => [
      `${model} ${signature}: ${inputs.join(', ') || 'nothing'} -> ${outputs.join(', ')}`,
      `  npm run knative -- invoke --model ${model} --data '${body.replaceAll("'", "'\\''")}'`,
    ]),
    json: { model, signatures: examples },
  };
}

async function predict(way: Ingress, model: string, body: string): Promise<Result> {
  const answer = await way.post(`/v1/models/${encodeURIComponent(model)}:predict`, body);
  const json = answered(answer, way.url);
  const duration_ms = milliseconds(answer);
  const runId = answer.headers['x-run-id'];
  return {
    lines: [JSON.stringify(json), `run ${runId}, ${duration_ms} ms`],
    json: { model, answer: json, runId, duration_ms },
  };
}

function inWords({ name, model_version_status }: Model): string[] {
  return model_version_status.map(({ version, state, status }) => {
    const why = status.error_message === '' ? '' : `: ${status.error_message}`;
    return `${name} version ${version} ${state}${why}`;
  });
}

const milliseconds = ({ durationMs }: Answer): number => Number(durationMs.toFixed(2));

/** @throws {FatalError} with exit code 2 where it is no JSON, or a file that cannot be read */
function bodyOf(data: string): string {
  let text = data;
  try {
    if (data.startsWith('@')) text = readFileSync(data.slice(1), 'utf8');
    JSON.parse(text);
    return text;
  } catch (error) {
    throw usageError(`--data ${data.slice(0, 40)}: ${messageOf(error)}`);
  }
}

/** parseArgs takes -40 for a flag: such arguments go behind a `--`, where nothing is one. */
function guardNegatives(argv: readonly string[]): string[] {
  const numbers = argv.filter((a) => /^-[\d.]/.test(a));
  const rest = argv.filter((a) => !/^-[\d.]/.test(a));
  if (numbers.length === 0) return rest;
  return rest.includes('--') ? [...rest, ...numbers] : [...rest, '--', ...numbers];
}

function degrees(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value))
    throw usageError(`${JSON.stringify(text)} is no number of °F`);
  return value;
}
