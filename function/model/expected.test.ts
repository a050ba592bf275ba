// Requests to many models with the answers that TensorFlow itself computed: function/fixtures/README.md.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { fixture, startServer } from '../testing/whole-server.ts';

interface Expected {
  readonly model: string;
  readonly version: number;
  /** JSON text: int64 values do not survive a parse. */
  readonly body: string;
  readonly status: number;
  readonly answer?: string;
  readonly why?: string;
}

const expected: Expected[] = JSON.parse(readFileSync(fixture('expected.json'), 'utf8'));

for (const model of new Set(expected.map((one) => one.model))) {
  for (const { BATCHING, RUN } of [
    { BATCHING: 'false', RUN: 'auto' },
    { BATCHING: 'true', RUN: 'loop' },
    { BATCHING: 'true', RUN: 'pool' },
  ]) {
    t.test(`${model}, batching ${BATCHING}, run ${RUN}`, async (t) => {
      const MODEL_BASE_PATH = model === 'celsius' ? 'model/celsius' : fixture(model);
      const { url } = await startServer(t, {
        MODEL_NAME: model,
        MODEL_BASE_PATH,
        BATCHING,
        RUN,
        FREEZE: 'false',
      });
      const before = await callsAlive(url);
      const cases = expected.filter((one) => one.model === model);
      const send = async (one: Expected) => {
        const reply = await fetch(`${url}/v1/models/${model}/versions/${one.version}:predict`, {
          method: 'POST',
          body: one.body,
        });
        return { one, status: reply.status, text: await reply.text() };
      };
      // Twice, the second time all at once: memory that a run frees wrongly shows on the next, a bad row that fails
      // its neighbours only in their company.
      const alone = [];
      for (const one of cases) alone.push(await send(one));
      for (const { one, status, text } of [...alone, ...(await Promise.all(cases.map(send)))]) {
        const name = `${one.body.slice(0, 100)} → ${one.status} ${one.why ?? ''}`;
        t.equal(status, one.status, `${name}: ${text.slice(0, 200)}`);
        if (one.answer === undefined) t.match(JSON.parse(text), { error: String }, name);
        else t.equal(canonical(text), canonical(one.answer), name);
      }
      t.equal(await callsAlive(url), before, 'no call is left behind');
    });
  }
}

async function callsAlive(url: string): Promise<string | undefined> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return /^celsiusify_calls (\d+)$/m.exec(text)?.[1];
}

/** JSON text with keys sorted, and large whole numbers kept digit by digit. */
function canonical(text: string): string {
  const reviver = (_key: string, value: unknown, context?: { source?: string }) => {
    if (typeof value === 'number') {
      const { source = '' } = context ?? {};
      const whole = /^-?\d+$/.test(source) ? source : undefined;
      return whole !== undefined && !Number.isSafeInteger(value) ? `int ${whole}` : value;
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  };
  return JSON.stringify(JSON.parse(text, reviver));
}
