/**
 * Asks a running server for each of its models, and celsius for known answers, over HTTP alone: `helm test` runs it
 * inside the cluster, out of the image that is served. It depends on nothing but Node, so that it is one small file there.
 */
import { parseArgs } from 'node:util';
import { ask as askOnce, field, reasonOf } from './asking.ts';
import { checkModel, modelNames } from './models.ts';

/** °F and the °C that must come back once both are rounded to float32, the model's dtype. */
export const KNOWN_ANSWERS: readonly (readonly [fahrenheit: number, celsius: number])[] = [
  [212, 100],
  [98.6, 37],
  [32, 0],
  [-40, -40],
  [-459.67, -273.15],
  [1e10, 5555555533],
];

const USAGE = `Asks a model server for each model's state, signatures and an example, and celsius for known answers: exit code 0
where all is right.

usage: node check.mjs [--api celsius|predict] [--model NAME] [--wait SECONDS] URL

  --api     celsius (Celsiusify; default) or predict (TensorFlow Serving, which does not list its models)
  --model   the model's name for predict [celsius]
  --wait    how long to go on asking until the first answer comes [30]
`;

export interface Target {
  url: string;
  api: 'celsius' | 'predict';
  model: string;
  /** Seconds to go on asking until the first answer comes. */
  wait: number;
}

/** The target that a command line names; undefined for --help. @throws Error that says what is wrong with it */
export function parseTarget(args: string[]): Target | undefined {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      api: { type: 'string', default: 'celsius' },
      model: { type: 'string', default: 'celsius' },
      wait: { type: 'string', default: '30' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return undefined;
  const [url] = positionals;
  const { api, model } = values;
  const wait = Number(values.wait);
  if (positionals.length !== 1 || !url || !URL.canParse(url))
    throw new Error('one URL is wanted, as in http://host:8080');
  if (api !== 'celsius' && api !== 'predict') throw new Error(`--api: ${api} is neither celsius nor predict`);
  if (!(wait >= 0)) throw new Error(`--wait: ${values.wait} is no number of seconds`);
  return { url: url.replace(/\/+$/, ''), api, model, wait };
}

/**
 * Asks for every known answer, one by one and all in one request, and returns a line for each question that was answered
 * right. @throws Error at the first wrong answer, or where none came in time
 */
export async function check(target: Target): Promise<string[]> {
  const lines: string[] = [];
  const fahrenheit = KNOWN_ANSWERS.map(([f]) => f);
  const celsius = KNOWN_ANSWERS.map(([, c]) => c);
  const questions: [number[], number[]][] = [
    ...KNOWN_ANSWERS.map(([f, c]): [number[], number[]] => [[f], [c]]),
  ];
  questions.push([fahrenheit, celsius]);
  for (const [asked, expected] of questions) {
    const { values, runId } = await ask(target, asked, lines.length === 0 ? target.wait : 0);
    const right =
      values.length === expected.length &&
      values.every((v, i) => Math.fround(v) === Math.fround(expected[i] ?? NaN));
    if (!right)
      throw new Error(`${asked.join(', ')} °F gave ${values.join(', ')} °C, not ${expected.join(', ')}`);
    lines.push(`${asked.join(', ')} °F is ${values.join(', ')} °C${runId ? `, run ${runId}` : ''}`);
  }
  return lines;
}

async function ask(
  target: Target,
  asked: number[],
  wait: number,
): Promise<{ values: number[]; runId?: string }> {
  const path =
    target.api === 'celsius' ? '/celsius' : `/v1/models/${encodeURIComponent(target.model)}:predict`;
  const body =
    target.api === 'celsius' ? { fahrenheit: asked.length === 1 ? asked[0] : asked } : { instances: asked };
  const { status, text, headers } = await askOnce(`${target.url}${path}`, body, wait);
  if (status !== 200) throw new Error(`${path} gave status ${status}: ${text.slice(0, 200)}`);
  const answer: unknown = JSON.parse(text);
  const found = field(answer, target.api === 'celsius' ? 'celsius' : 'predictions');
  const values = Array.isArray(found) ? found.map(Number) : [Number(found)];
  if (target.api === 'predict') return { values };
  const runId = field(answer, 'runId');
  const header = headers.get('x-run-id');
  if (
    typeof runId !== 'string' ||
    !/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(runId)
  ) {
    throw new Error(`${path} gave no run ID but ${JSON.stringify(runId)}`);
  }
  if (header !== runId) throw new Error(`${path} gave run ID ${runId}, but ${header} in x-run-id`);
  return { values, runId };
}

/**
 * Asks for every model that the server has, and for known answers where one is celsius; a line for each thing that was
 * right. @throws Error at the first that is not
 */
async function checkAll(target: Target, say: (line: string) => void): Promise<void> {
  const { url, api, model, wait } = target;
  for (const name of api === 'celsius' ? await modelNames(url, wait) : [model]) {
    const { lines, isCelsius } = await checkModel(url, name, wait);
    lines.forEach(say);
    if (isCelsius && (name === 'celsius' || api === 'predict')) (await check(target)).forEach(say);
  }
}

if (import.meta.main) {
  let target: Target | undefined;
  try {
    target = parseTarget(process.argv.slice(2));
    if (!target) console.log(USAGE);
  } catch (error) {
    console.error(`check: ${reasonOf(error)}; see --help`);
    process.exitCode = 2;
  }
  if (target) {
    try {
      await checkAll(target, (line) => console.log(line));
    } catch (error) {
      console.error(`check: ${reasonOf(error)}`);
      process.exitCode = 1;
    }
  }
}
