import { type Known, present, type Question, rounds, type Step, startSeconds } from '../plan.ts';
import { type FileName, row } from '../schema.ts';
import { countsOf, perRequest, Session } from '../session.ts';

const TARGETS = ['celsiusify-predict', 'tf-serving', 'tf-serving-tuned', 'fastapi'];

/** Temperatures as people have them, in tenths of a degree, all different. */
export function temperatures(rows: number): number[] {
  return Array.from({ length: rows }, (_, i) => ((i * 7) % 4001) / 10 - 200);
}

/** Many rows in one request, from several connections: rows per second. */
export const batchRows: Question = {
  name: 'batch-rows',
  title: 'many rows per request',
  targets: TARGETS,
  steps: (known) => stepsOf(known, 'batch-rows', known.settings.batch_rows, known.settings.batch_connections),
};

/** One connection, so that the time is that of one request: how it grows with the number of rows. */
export const payloadScaling: Question = {
  name: 'payload-scaling',
  title: 'time of a request over its rows',
  targets: TARGETS,
  steps: (known) => stepsOf(known, 'payload-scaling', known.settings.scaling_rows, 1),
};

function stepsOf(
  known: Known,
  question: 'batch-rows' | ('payload-scaling' & FileName),
  sizes: readonly number[],
  connections: number,
): Step[] {
  const { side_repeats, payload_s, warmup_s } = known.settings;
  const load_s = payload_s + warmup_s + 0.15;
  return rounds(side_repeats, present(known, TARGETS)).map(({ repeat, target }) => ({
    id: `${question}/${repeat}/${target}`,
    seconds: startSeconds(target) + load_s * sizes.length,
    run: (bench) =>
      Session.run(bench, question, target, async (session) => {
        for (const rows of sizes) await atSize(session, question, rows, connections, repeat);
      }),
  }));
}

async function atSize(
  session: Session,
  question: 'batch-rows' | 'payload-scaling',
  rows: number,
  connections: number,
  repeat: number,
): Promise<void> {
  const found = await session.load({
    kind: 'autocannon',
    connections,
    duration_s: session.bench.settings.payload_s,
    fahrenheit: temperatures(rows),
    tag: `rows=${rows}/repeat=${repeat}`,
  });
  if (found === null) return;
  session.add(
    row(question, {
      target: session.target.id,
      rows,
      connections,
      repeat,
      ...countsOf(found),
      rows_per_s: (found.requests * rows) / found.duration_s,
      p50_ms: found.p50_ms,
      p99_ms: found.p99_ms,
      max_ms: found.max_ms,
      cpu_us_per_request: perRequest(found.server_cpu_us, found.requests),
      cpu_us_per_row: perRequest(found.server_cpu_us, found.requests * rows),
      request_bytes: found.request_bytes,
      response_bytes: found.response_bytes,
    }),
  );
}
