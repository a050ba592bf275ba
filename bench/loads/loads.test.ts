import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Ready as Serving } from '../engine/plan.ts';
import { beside, quickBeside } from '../engine/settings.ts';
import type { Program } from '../engine/target.ts';
import { targets as modelTargets } from '../engine/targets.ts';
import { allColumns } from '../model-files.ts';
import { MODELS } from '../models/saved.ts';
import { rounds } from '../plan.ts';
import { duration, Progress } from '../progress.ts';
import { full, quick } from '../settings.ts';
import { targets } from '../targets/table.ts';
import { temperatures } from './batch-rows.ts';
import { readSizes } from './image-size.ts';
import { signal } from './large-tensor.ts';
import { cellsOf, type Probe, searchLimit } from './memory-limit.ts';
import { questions } from './table.ts';

const ids = targets.map(({ id }) => id);
const modelIds = modelTargets.map(({ id }) => id);
const program: Program = { version: '1', digest: '', command: () => ({ argv: ['true'], env: {} }) };
const serving = modelTargets.map(
  (target): Serving => (target.kind === 'python' ? { target, program: null } : { target, program }),
);

t.test('repeats go there and back again', async (t) => {
  t.same(
    rounds(3, ['a', 'b']).map(({ repeat, target }) => `${target}${repeat}`),
    ['a1', 'b1', 'b2', 'a2', 'a3', 'b3'],
  );
});

for (const [name, settings, modelSettings] of [
  ['full', full, beside],
  ['quick', quick, quickBeside],
] as const) {
  t.test(`the ${name} plan`, async (t) => {
    const models = { settings: modelSettings, models: MODELS, ready: serving };
    for (const question of questions) {
      const known = { settings, tools: { wrk: null, locust: null }, targets: ids, models };
      const steps = question.steps(known);
      t.ok(Object.hasOwn(allColumns, question.name));
      t.ok(steps.length > 0, `${question.name} has steps`);
      t.equal(
        new Set(steps.map(({ id }) => id)).size,
        steps.length,
        `${question.name} has steps with ids of their own`,
      );
      for (const id of question.targets) t.ok((question.ofModels ? modelIds : ids).includes(id), id);
      if (question.targets.length > 0)
        t.same(
          question.steps({ ...known, targets: [], models: { ...models, ready: [] } }),
          [],
          `${question.name} asks nobody when nobody is there`,
        );
    }
    t.ok(full.repeats >= 5 && full.cold_starts >= 10);
  });
}

t.test('which memory limits are enough', async (t) => {
  const probe = (
    limit_mib: number | null,
    requests_per_s: number,
    outcome: Probe['outcome'] = 'ran',
  ): Probe => ({
    limit_mib,
    requests: requests_per_s,
    errors: 0,
    requests_per_s,
    p99_ms: 1,
    outcome,
  });
  const probes = [
    probe(null, 100),
    probe(256, 90), // one noisy load above a limit that is enough
    probe(64, 0, 'killed'),
    probe(96, 70),
    ...[1, 2, 3].flatMap(() => [probe(null, 100), probe(128, 97)]),
  ];
  const outcomes = new Map(cellsOf(probes).map((cells) => [cells.limit_bytes, cells.outcome]));
  t.same(
    [...outcomes],
    [
      [null, 'ok'],
      [256 * 2 ** 20, 'ok'],
      [64 * 2 ** 20, 'killed'],
      [96 * 2 ** 20, 'slow'],
      [128 * 2 ** 20, 'ok'],
    ],
  );
  t.match(cellsOf(probes).at(-1), { repeat: 3, share_of_unlimited: 0.97 });
  t.equal(cellsOf(probes.slice(0, 4), 0.6).at(-1)?.outcome, 'ok', 'by another share');
  const asked: (number | null)[] = [];
  const found = await searchLimit({
    limits_mib: [64, 96, 128, 256],
    again: false,
    probe: async (limit) => {
      asked.push(limit);
      return probe(limit, (limit ?? 1000) < 100 ? 70 : 100);
    },
  });
  t.same(asked, [null, 96, 128], 'bisected');
  t.equal(found.length, 3);
  const none = { limits_mib: [64], again: true, probe: async () => 'no cgroup' };
  t.equal(await searchLimit(none), 'no cgroup');
});

t.test('payloads', async (t) => {
  t.equal(new Set(temperatures(4096)).size > 2000, true, 'temperatures differ');
  const numbers = signal().flat(2);
  t.equal(numbers.length, 50_000);
  t.ok(numbers.every((value) => Math.abs(value) < 100));
});

t.test('image sizes', async (t) => {
  const size = { target: 'floor', image: 'a', digest: null, compression: 'zstd', layers: 2 };
  const file = join(t.testdir({ 'sizes.json': '' }), 'sizes.json');
  writeFileSync(file, JSON.stringify([{ ...size, compressed_bytes: 1, uncompressed_bytes: 2 }]));
  t.match(readSizes(file), [size]);
  writeFileSync(file, JSON.stringify([size]));
  t.throws(() => readSizes(file), { exitCode: 2, message: /--image-sizes .*compressed_bytes/ });
  t.throws(() => readSizes(join(file, 'no')), /--image-sizes/);
});

t.test('the bar and the plain lines', async (t) => {
  const steps = [1, 2, 3].map((i) => ({
    id: `step ${i}`,
    seconds: 60,
    run: async () => ({ rows: [], logs: [] }),
  }));
  for (const isTTY of [true, false]) {
    let written = '';
    const stream = Object.assign(Object.create(process.stderr), {
      isTTY,
      columns: 80,
      write: (text: string) => {
        written += text;
        return true;
      },
    });
    const progress = new Progress(stream, steps, steps.slice(1));
    for (const step of steps.slice(1)) {
      progress.begin(step);
      t.ok(progress.end() >= 0);
    }
    progress.close();
    t.match(
      written,
      isTTY ? /\[#{8}\.{16}\] {2}33 % {2}2 min left {2}step 2/ : /^ 33 % {2}2 min left {2}step 2\n$/,
    );
  }
  t.equal(duration(59.2), '60 s');
  t.equal(duration(120), '2 min');
});
