import { readFileSync } from 'node:fs';
import t from 'tap';
import { load } from './parts/load.ts';
import { protocols } from './parts/protocols.ts';
import { parts } from './parts/table.ts';
import { type Known, type Ready, rounds } from './plan.ts';
import { columns } from './schema.ts';
import { beside, full, quick } from './settings.ts';
import type { Program } from './target.ts';
import { targets } from './targets.ts';

const program: Program = { version: '1', digest: '', command: () => ({ argv: ['true'], env: {} }) };
const ready = targets.map(
  (target): Ready => (target.kind === 'python' ? { target, program: null } : { target, program }),
);

t.test('README.md names every column of every file', async (t) => {
  const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');
  for (const [file, names] of Object.entries(columns))
    t.ok(
      readme.includes(`### ${file}.csv`) && readme.includes(`\`${names.join(',')}\``),
      `${file}.csv is described as it is written`,
    );
  for (const { id } of targets) t.match(readme, `\`${id}\``);
});

t.test('repeats go there and back again', async (t) => {
  t.same(
    rounds(3, ['a', 'b']).map(({ repeat, item }) => `${item}${repeat}`),
    ['a1', 'b1', 'b2', 'a2', 'a3', 'b3'],
  );
});

for (const [name, settings] of Object.entries({ full, quick })) {
  t.test(`the ${name} plan`, async (t) => {
    const known: Known = { settings, models: ['encoder', 'resnet50'], ready };
    for (const part of parts) {
      const ids = part.steps(known).map(({ id }) => id);
      t.ok(ids.length > 0, `${part.name} has steps`);
      t.equal(new Set(ids).size, ids.length, `${part.name} has steps with ids of their own`);
      t.same(part.steps({ ...known, ready: [] }), [], `${part.name} asks nobody when nobody is there`);
    }
    t.same(
      parts.flatMap((part) => part.models(['encoder', 'resnet50']).join(' ')),
      [
        ...['encoder resnet50', 'big', '', '', 'slow', 'resnet50', 'resnet50'],
        ...['encoder resnet50', 'encoder resnet50', 'encoder resnet50', 'encoder resnet50', 'encoder'],
      ],
    );
  });
}

t.test('BATCHING=true is asked many rows at once, and nothing else of the protocols', async (t) => {
  const known: Known = { settings: beside, models: ['encoder', 'mobilenet_v2'], ready };
  const ids = protocols.steps(known).map(({ id }) => id);
  t.same(
    ids.filter((id) => id.endsWith('/celsiusify-batching')),
    [1, 2, 3].map((repeat) => `protocols/mobilenet_v2/${repeat}/celsiusify-batching`),
  );
});

t.test('the newest TensorFlow Serving is asked by few clients, the pair by all', async (t) => {
  const known: Known = { settings: beside, models: ['resnet50'], ready };
  const [pair, newest] = ['tf-serving', 'tf-serving-newest'].map((id) =>
    load.steps(known).find((step) => step.id === `load/resnet50/1/${id}`),
  );
  t.ok(Number(pair?.seconds) > 2 * Number(newest?.seconds), `${pair?.seconds}, ${newest?.seconds}`);
});
