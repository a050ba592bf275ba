import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { celsiusAsk, predictAsk } from './ask.ts';
import { digestOf, onPath } from './found.ts';
import { modelDigest } from './models.ts';
import { targets } from './table.ts';
import type { Where } from './target.ts';
import { tfServing, tfServingTuned } from './tf-serving.ts';

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const where: Where = { root, tfServing: null, images: new Map(), urls: new Map(), say: () => {} };

function program(t: { testdir(): string }, name: string, script: string): string {
  const file = join(t.testdir(), name);
  mkdirSync(t.testdir(), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

t.test('every target has an id of its own and serves celsius', async (t) => {
  t.equal(new Set(targets.map(({ id }) => id)).size, targets.length);
  for (const target of targets) t.ok(target.models.includes('celsius'), target.id);
});

t.test('questions and answers', async (t) => {
  t.equal(celsiusAsk.body([212]), '{"fahrenheit":212}');
  t.equal(celsiusAsk.body([212, 32]), '{"fahrenheit":[212,32]}');
  t.equal(predictAsk.body([212]), '{"instances":[212]}');
  t.same(celsiusAsk.celsius('{"celsius":100,"runId":"x"}'), [100]);
  t.same(predictAsk.celsius('{"predictions":[100,0]}'), [100, 0]);
  t.throws(() => predictAsk.celsius('{"predictions":[null]}'), /null is not a number/);
  t.throws(() => celsiusAsk.celsius('[]'), /no celsius/);
});

t.test('a tensorflow_model_server that is given', async (t) => {
  const file = program(t, 'tensorflow_model_server', 'echo "TensorFlow ModelServer: 2.17.1-rc0"');
  const found = await tfServingTuned.find({ ...where, tfServing: file });
  if (typeof found === 'string' || found.launcher.how !== 'command') return t.fail('it was not found');
  t.match(found.facts, { version: '2.17.1-rc0', digest: /^sha256:[0-9a-f]{64}$/, linkage: null });
  t.same(found.launcher.launch('celsius', 1, 2).argv, [
    file,
    '--port=2',
    '--rest_api_port=1',
    '--model_name=celsius',
    `--model_base_path=${root}/model/celsius`,
    '--tensorflow_session_parallelism=1',
  ]);
});

t.test('a tensorflow_model_server that cannot be had', async (t) => {
  const broken = program(t, 'tensorflow_model_server', 'exit 127');
  t.match(await tfServing.find({ ...where, tfServing: broken }), /cannot run on this machine/);
  t.match(await tfServing.find({ ...where, tfServing: '/no/such/file' }), /not where --tf-serving says/);
  const path = process.env.PATH;
  process.env.PATH = '/nowhere';
  t.teardown(() => {
    process.env.PATH = path;
  });
  t.match(await tfServing.find(where), /^no tensorflow_model_server: put it on PATH, or give/);
  t.match(
    await tfServing.find({ ...where, images: new Map([['tf-serving', 'a/b:1']]) }),
    /docker pull a\/b:1/,
  );
});

t.test('an image, by docker', async (t) => {
  const docker = program(t, 'docker', 'echo sha256:abc');
  const path = process.env.PATH;
  process.env.PATH = `${join(docker, '..')}:${path}`;
  t.teardown(() => {
    process.env.PATH = path;
  });
  const found = await tfServing.find({ ...where, images: new Map([['tf-serving', 'a/b:1']]) });
  if (typeof found === 'string' || found.launcher.how !== 'image') return t.fail('it was not found');
  t.match(found.facts, { version: 'a/b:1', digest: 'sha256:abc' });
  t.match(found.launcher.launch('celsius'), {
    image: 'a/b:1',
    port: 8501,
    volumes: [`${root}/model/celsius:/models/celsius:ro`],
  });
});

t.test('a URL', async (t) => {
  const found = await tfServing.find({ ...where, urls: new Map([['tf-serving', 'http://h:1']]) });
  t.match(found, { launcher: { how: 'url', origin: 'http://h:1' }, facts: { version: null } });
});

t.test('digests', async (t) => {
  const folder = t.testdir({ a: { x: '1' }, b: '2' });
  const digest = modelDigest(folder);
  t.match(digest, /^[0-9a-f]{64}$/);
  writeFileSync(join(folder, 'b'), '3');
  t.not(modelDigest(folder), digest);
  t.equal(
    await digestOf(join(folder, 'a/x')),
    'sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b',
  );
  t.equal(onPath('no-such-program'), null);
  t.match(onPath('sh'), /\/sh$/);
});
