// Models of function/fixtures with variables, asked before and after these have become constants.
import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadVersion, type SavedModel } from '../../model/saved-model.ts';
import { testEngine, testModel } from '../../testing/app.ts';
import { PREDICT } from '../engine.ts';

const native = testEngine();
const rows = [
  [0.5, -1, 2],
  [-3, 0.25, 1],
  [40, -7, 11],
];
const body = (signature_name: string, inputs: unknown) => JSON.stringify({ signature_name, inputs });

/** Which models can be frozen, and what to ask them. */
const FROZEN: Record<string, string[]> = {
  variables: [
    ...['nested', 'gradient', 'loop', 'case'].flatMap((name) => [
      body(name, rows),
      body(name, [[-1, -1, -1]]),
    ]),
    body('gather', [0, 5, 13]),
    body('kinds', [0, 1, 2]),
  ],
  stateful: [body('serving_default', [[1, 0.5]]), body('label', [0, 1, 2])],
  vocabulary: [body('serving_default', ['red', 'blue', 'mauve'])],
  'tf1-assets': [body('serving_default', ['red', 'blue', 'mauve'])],
  'tf1-resource': [body('serving_default', [0, 1]), body('serving_default', [-1, 0.5])],
};

/** The others, and why not. */
const LEFT: Record<string, RegExp> = {
  assigned: /variable "count" is not only read: AssignAddVariableOp/,
  'mutable-table': /leave something behind: MutableHashTableV2/,
  'tf1-reference': /leave something behind: VariableV2/,
  loop: /it has no variables/,
};

const ask = (model: number, text: string): unknown =>
  JSON.parse(native.answer(native.decode(model, PREDICT, Buffer.from(text))).toString());

/** What an answer is made of, without its brackets. */
const leaves = (value: unknown): unknown[] => {
  if (Array.isArray(value)) return value.flatMap(leaves);
  if (typeof value !== 'object' || value === null) return [value];
  return Object.entries(value).flatMap(([key, item]) => [key, ...leaves(item)]);
};

/** Numbers are to be the same within 1e-6 of the largest, all else exactly. */
function differs(now: unknown, before: unknown): boolean {
  const [a, b] = [leaves(now), leaves(before)];
  const largest = Math.max(...b.map((leaf) => (typeof leaf === 'number' ? Math.abs(leaf) : 0)));
  const near = (x: unknown, y: unknown) =>
    typeof x === 'number' && typeof y === 'number' ? Math.abs(x - y) <= largest * 1e-6 : x === y;
  return a.length !== b.length || !a.every((leaf, i) => near(leaf, b[i]));
}

/** @returns the frozen model's number */
async function freeze(
  { id, folder, kind }: SavedModel,
  { bfloat16 = false, bytes = Number.POSITIVE_INFINITY } = {},
) {
  const frozen = await native.freeze(id, folder, { ...kind, bfloat16, winograd: !bfloat16 }, bytes);
  return frozen.id;
}

for (const [name, bodies] of Object.entries(FROZEN)) {
  t.test(`${name}: the same answers`, async (t) => {
    const model = await testModel(t, name);
    const before = bodies.map((text) => ask(model.id, text));
    const frozen = await freeze(model);
    const compare = (id: number, what: string) => {
      for (const [i, text] of bodies.entries()) {
        const now = ask(id, text);
        t.notOk(differs(now, before[i]), `${what}: ${text}`, { now, before: before[i] });
      }
    };
    compare(frozen, 'frozen');
    await native.replace(model.id, frozen);
    compare(model.id, 'swapped in');
  });

  t.test(`${name}: the same answers from a file, without variables`, async (t) => {
    const model = await testModel(t, name);
    const before = bodies.map((text) => ask(model.id, text));
    const base = t.testdir();
    const folder = join(base, '1');
    mkdirSync(folder);
    await native.saveFrozen(model.id, model.folder, join(folder, 'saved_model.pb'));
    if (readdirSync(model.folder).includes('assets'))
      cpSync(join(model.folder, 'assets'), join(folder, 'assets'), { recursive: true });
    const frozen = await loadVersion(native, { name, version: '1', folder });
    t.teardown(() => frozen.unload());
    t.equal(
      frozen.hasVariables,
      name === 'vocabulary',
      'its init op keeps the name of the file in a variable',
    );
    t.same([...frozen.signatures.keys()].sort(), [...model.signatures.keys()].sort());
    for (const [i, text] of bodies.entries())
      t.notOk(differs(ask(frozen.id, text), before[i]), text, { before: before[i] });
    await t.rejects(freeze(frozen), { message: /it has no variables/ });
  });
}

for (const [name, reason] of Object.entries(LEFT)) {
  t.test(`${name} stays as it is`, async (t) => {
    const model = await testModel(t, name);
    await t.rejects(freeze(model), { message: reason });
    await t.rejects(native.saveFrozen(model.id, model.folder, join(t.testdir(), 'saved_model.pb')), {
      message: reason,
    });
  });
}

t.test('a model gives back what is not needed for its own runs, and answers as before', async (t) => {
  const bodies = FROZEN.variables ?? [];
  const model = await testModel(t, 'variables');
  const before = bodies.map((text) => ask(model.id, text));
  await native.settle(model.id);
  for (const [i, text] of bodies.entries()) t.notOk(differs(ask(model.id, text), before[i]), text);
});

t.test('only where memory has room', async (t) => {
  const model = await testModel(t, 'variables');
  await t.rejects(freeze(model, { bytes: 1e6 }), {
    message: /takes \d+ MB of memory for a while, and 1 MB are left/,
  });
});

t.test('in bfloat16, on request: as near as its 8 bits allow', async (t) => {
  const model = await testModel(t, 'variables');
  const text = body('nested', rows);
  const before = leaves(ask(model.id, text)).map(Number).filter(Number.isFinite);
  const frozen = await freeze(model, { bfloat16: true });
  t.teardown(() => native.unload(frozen));
  const now = leaves(ask(frozen, text)).map(Number).filter(Number.isFinite);
  t.equal(now.length, before.length);
  const largest = Math.max(...before.map(Math.abs));
  t.ok(now.every((number, i) => Math.abs(number - (before[i] ?? 0)) <= largest / 64));
});

t.test('a model is asked while it is being frozen', async (t) => {
  const model = await testModel(t, 'variables');
  const text = body('loop', rows);
  const before = ask(model.id, text);
  let done = false;
  const frozen = freeze(model).finally(() => {
    done = true;
  });
  let asked = 0;
  while (!done) {
    if (differs(ask(model.id, text), before)) t.fail('another answer');
    asked++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.ok(asked > 0);
  await native.unload(await frozen);
});
