// The model of function/fixtures with convolutions of 3×3, frozen: which of them take fewer multiplications, and that answers are
// the same.
import t from 'tap';
import { testBinding, testEngine, testModel } from '../../testing/app.ts';
import { PREDICT } from '../engine.ts';

const native = testEngine();
const { length: kernels } = testBinding().kernels();

/** Signatures, and how many convolutions each has that can be computed so. */
const CONVOLUTIONS: Readonly<Record<string, number>> = {
  bare: 1,
  biased: 1,
  relu: 1,
  relu6: 1,
  normed: 1,
  twice: 2,
  added: 2,
  residual: 2,
  padded: 1,
  sized: 1,
  strided: 0,
  valid: 0,
  dilated: 0,
  few: 0,
  given: 0,
};
const all = Object.values(CONVOLUTIONS).reduce((a, b) => a + b);

/** Whole numbers, of which the fixture's sums are exact in any order: answers must be the same, not alike. */
function pictures(rows: number, height: number, width: number): number[][][][] {
  let next = 0;
  const list = <T>(count: number, item: () => T): T[] => Array.from({ length: count }, item);
  return list(rows, () => list(height, () => list(width, () => list(32, () => ((next++ * 7) % 23) - 11))));
}

function ask(model: number, signature_name: string, inputs: unknown): unknown {
  const body = Buffer.from(JSON.stringify({ signature_name, inputs }));
  return JSON.parse(native.answer(native.decode(model, PREDICT, body)).toString());
}

const answersOf = (model: number) =>
  Object.keys(CONVOLUTIONS).map((name) => [ask(model, name, pictures(2, 6, 4)), name] as const);

t.test('a frozen model', async (t) => {
  const model = await testModel(t, 'winograd');
  const before = answersOf(model.id);
  for (const [what, kind, expected] of [
    ['as it is by default', model.kind, kernels > 0 ? all : 0],
    ['where it is turned off', { ...model.kind, winograd: false }, 0],
    ['in parts for several threads', { ...model.kind, spread: true }, kernels > 0 ? all : 0],
  ] as const) {
    const { id, convolutions } = await native.freeze(model.id, model.folder, kind, Number.POSITIVE_INFINITY);
    t.equal(convolutions, expected, `${what}: convolutions`);
    t.same(answersOf(id), before, `${what}: answers`);
    t.same(
      ask(id, 'relu', pictures(1, 7, 5)),
      ask(model.id, 'relu', pictures(1, 7, 5)),
      `${what}: an odd size`,
    );
    await native.unload(id);
  }
});
