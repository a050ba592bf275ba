import Type from 'typebox';
import Value from 'typebox/value';
import { FatalError } from '../function/errors.ts';
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
import { type Answer, checkIngress, openIngress } from './ingress.ts';
import { readService } from './serving.ts';

const flags = {
  tag: { type: 'string', value: 'TAG', help: 'ask the revision that has this tag' },
  ...ingressFlags,
  ...commonFlags,
} as const satisfies Flags;

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
  const json = parseJson(answer.body);
  if (answer.status !== 200) {
    const text = answer.body.replace(/\s+/g, ' ').trim().slice(0, 200);
    throw new FatalError(
      `${url} answers ${answer.status}: ${text || 'nothing'}: \`npm run knative -- status\` shows whether it is ready`,
    );
  }
  if (!Value.Check(CelsiusAnswer, json) || json.celsius.length !== count) {
    throw new FatalError(
      `${url} does not answer with ${count} °C: is it a celsius image, or is /celsius another app's?`,
    );
  }
  return json;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const invoke: Verb = {
  summary: 'post °F through the ingress and print the °C and the run ID',
  args: '[°F…]',
  flags,
  async run(argv, io) {
    const { values: v, positionals } = parse(guardNegatives(argv), flags);
    const output = outputFormat(v.output);
    const fahrenheit = positionals.length === 0 ? [212] : positionals.map(degrees);
    const timeoutMs = number('request-timeout', v['request-timeout'], 0.001) * 1000;
    const ingress = checkIngress(v.ingress);
    const cluster = connect(v, io.env);
    const service = await readService(cluster, v.name);
    const way = openIngress(service, { ingress, tag: v.tag, timeoutMs, signal: io.signal });
    try {
      const answer = await way.post('/celsius', { fahrenheit });
      const { celsius, runId } = parseCelsius(answer, fahrenheit.length, way.url);
      const duration_ms = Number(answer.durationMs.toFixed(2));
      if (output === 'json') {
        io.out(JSON.stringify({ fahrenheit, celsius, runId, duration_ms }));
        return;
      }
      for (const [i, f] of fahrenheit.entries()) io.out(`${f} °F = ${celsius[i]} °C`);
      io.out(`run ${runId}, ${duration_ms} ms`);
    } finally {
      await way.close();
    }
  },
};

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
