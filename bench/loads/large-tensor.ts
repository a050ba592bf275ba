import { ask } from '../http.ts';
import { type Known, present, type Question, rounds, type Step, startSeconds } from '../plan.ts';
import { row } from '../schema.ts';
import { countsOf, type Exchange, perRequest, Session } from '../session.ts';

const PATH = '/v1/models/convolution:predict';
const POSITIONS = 25_000;
const CHANNELS_IN = 2;
const CHANNELS_OUT = 4;
/** Float32 sums may be taken in any order: servers agree to so many parts of the largest number. */
const TOLERANCE = 1e-5;

/** Fractions, so that the answers need all their digits: printing them is part of the work. */
export function signal(): number[][][] {
  const at = (i: number) => Math.round((((i * 7919) % 20_011) / 137 - 73) * 1000) / 1000;
  return [
    Array.from({ length: POSITIONS }, (_, i) =>
      Array.from({ length: CHANNELS_IN }, (_, channel) => at(i * CHANNELS_IN + channel)),
    ),
  ];
}

/** One request of 50,000 numbers in and 100,000 out, to a model with two convolutions. */
export const largeTensor: Question = {
  name: 'large-tensor',
  title: '50,000 numbers in, 100,000 out',
  targets: ['celsiusify-predict', 'tf-serving', 'tf-serving-tuned'],
  steps(known: Known): Step[] {
    const { settings } = known;
    const connections = 1;
    // answers of the servers so far, to be compared with the next one's
    const answers: number[][] = [];
    return rounds(settings.side_repeats, present(known, this.targets)).map(({ repeat, target }) => ({
      id: `large-tensor/${repeat}/${target}`,
      seconds: startSeconds(target) + settings.load_s + settings.warmup_s + 0.5,
      run: (bench) =>
        Session.run(
          bench,
          'large-tensor',
          target,
          async (session) => {
            const condition = `repeat=${repeat}`;
            const body = JSON.stringify({ instances: signal() });
            const { status, body: answer } = await ask(session.running.origin + PATH, body);
            const numbers = status === 200 ? numbersIn(answer) : [];
            const wrong = complaint(numbers, answers[0] ?? null);
            if (wrong !== null) {
              session.void(condition, `wrong answer: ${wrong}, status ${status}`);
              return;
            }
            if (answers.length === 0) answers.push(numbers);
            await measure(session, { path: PATH, body, answer }, connections, repeat);
          },
          { model: 'convolution' },
        ),
    }));
  },
};

async function measure(session: Session, exchange: Exchange, connections: number, repeat: number) {
  const tag = `connections=${connections}/repeat=${repeat}`;
  const duration_s = session.bench.settings.load_s;
  const found = await session.loadExchange(exchange, { kind: 'autocannon', connections, duration_s, tag });
  if (found === null) return;
  const cpu_us = perRequest(found.server_cpu_us, found.requests);
  session.add(
    row('large-tensor', {
      target: session.target.id,
      numbers_in: POSITIONS * CHANNELS_IN,
      numbers_out: POSITIONS * CHANNELS_OUT,
      connections,
      repeat,
      ...countsOf(found),
      p50_ms: found.p50_ms,
      p90_ms: found.p90_ms,
      p99_ms: found.p99_ms,
      max_ms: found.max_ms,
      cpu_ms_per_request: cpu_us === null ? null : cpu_us / 1000,
      request_bytes: found.request_bytes,
      response_bytes: found.response_bytes,
    }),
  );
}

/** All numbers of an answer in order, whatever its nesting. */
function numbersIn(answer: string): number[] {
  const found: unknown = JSON.parse(answer);
  const predictions =
    typeof found === 'object' && found !== null && 'predictions' in found ? found.predictions : [];
  const flat: unknown[] = Array.isArray(predictions) ? predictions.flat(3) : [];
  return flat.filter((item) => typeof item === 'number');
}

function complaint(numbers: readonly number[], reference: readonly number[] | null): string | null {
  const wanted = POSITIONS * CHANNELS_OUT;
  if (numbers.length !== wanted) return `${wanted} numbers expected, ${numbers.length} answered`;
  if (reference === null) return null;
  const largest = reference.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const off = numbers.findIndex((value, i) => Math.abs(value - (reference[i] ?? 0)) > largest * TOLERANCE);
  return off === -1 ? null : `number ${off} is ${numbers[off]}, another server says ${reference[off]}`;
}
