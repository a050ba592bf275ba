import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Program, Where } from './target.ts';
import { targets } from './targets.ts';

const served = { name: 'encoder', folder: '/models/encoder' };

async function found(id: string, where: Where): Promise<Program | string> {
  const target = targets.find((other) => other.id === id);
  if (target === undefined || target.kind === 'python') throw new Error(`no server target ${id}`);
  return target.find(where);
}

function checkout(folder: string): string {
  mkdirSync(join(folder, 'dist'), { recursive: true });
  writeFileSync(join(folder, 'dist/main.js'), '');
  const scripts = { start: 'node setup.js && hash -r && exec sh some/start.sh' };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts }));
  return folder;
}

t.test('this checkout and another one', async (t) => {
  const folder = t.testdir();
  const root = checkout(join(folder, 'now'));
  const against = checkout(join(folder, 'then'));
  const where: Where = { root, against, tfServing: null, newest: null, env: { THREADS: '2' } };
  for (const [id, from, env] of [
    ['celsiusify', root, { THREADS: '2' }],
    ['celsiusify-batching', root, { THREADS: '2', BATCHING: 'true' }],
    ['celsiusify-bfloat16', root, { THREADS: '2', MIXED_PRECISION: 'bfloat16' }],
    ['before', against, { THREADS: undefined }],
  ] as const) {
    const program = await found(id, where);
    if (typeof program === 'string') return t.fail(program);
    t.match(program.command(served, 1, 2), {
      argv: ['sh', join(from, 'some/start.sh')],
      env: { ...env, PORT: '1', GRPC_PORT: '0', MODEL_NAME: 'encoder', MODEL_BASE_PATH: '/models/encoder' },
    });
  }
  const empty = join(folder, 'empty');
  t.match(await found('before', { ...where, against: null }), /give --against FOLDER/);
  t.match(await found('before', { ...where, against: empty }), /dist\/main\.js is not built/);
});

t.test('TensorFlow Serving and its flags', async (t) => {
  const root = t.testdir({ server: '#!/bin/sh\necho "TensorFlow ModelServer: 2.17.1-rc0"\n' });
  const file = join(root, 'server');
  chmodSync(file, 0o755);
  const where: Where = { root, against: null, tfServing: file, newest: null, env: {} };
  for (const [id, flag] of [
    ['tf-serving', '--model_base_path=/models/encoder'],
    ['tf-serving-one', '--tensorflow_intra_op_parallelism=1'],
    ['tf-serving-batching', '--enable_batching'],
    ['tf-serving-bfloat16', '--mixed_precision=bfloat16'],
    ['tf-serving-grpc', '--grpc_max_threads=64'],
  ] as const) {
    const program = await found(id, where);
    if (typeof program === 'string') return t.fail(program);
    t.match(program, { version: '2.17.1-rc0', digest: /^sha256:/ });
    const { argv } = program.command(served, 1, 2);
    for (const wanted of [file, '--rest_api_port=1', '--port=2', flag]) t.ok(argv.includes(wanted), wanted);
  }
  t.match(await found('tf-serving', { ...where, tfServing: '/no/such' }), /^no tensorflow_model_server/);
});

t.test('a newer TensorFlow Serving is named by its version', async (t) => {
  const root = t.testdir({
    old: '#!/bin/sh\necho "TensorFlow ModelServer: 2.17.1"\n',
    new: '#!/bin/sh\necho "TensorFlow ModelServer: 2.99.0\nTensorFlow Library: 3.0.0"\n',
    build: 'by hand\n',
    broken: '#!/bin/sh\nexit 1\n',
  });
  for (const name of ['old', 'new', 'broken']) chmodSync(join(root, name), 0o755);
  const where = (newest: Where['newest']): Where => ({
    ...{ root, against: null, tfServing: join(root, 'old'), env: {}, newest },
  });
  const file = join(root, 'new');
  const program = await found('tf-serving-newest', where({ file, build: join(root, 'build') }));
  if (typeof program === 'string') return t.fail(program);
  t.match(program, { version: '2.99.0', label: 'TensorFlow Serving 2.99.0', notes: 'by hand' });
  t.equal(program.command(served, 1, 2).argv[0], file);
  t.match(await found('tf-serving', where({ file, build: null })), { version: '2.17.1' });
  for (const [newest, why] of [
    [null, /--tf-serving-newest FILE/],
    [{ file: join(root, 'none'), build: null }, /not where --tf-serving-newest says/],
    [{ file, build: join(root, 'none') }, /not where --tf-serving-newest-build says/],
    [{ file: join(root, 'broken'), build: null }, /broken --version fails/],
  ] as const)
    t.match(await found('tf-serving-newest', where(newest)), why);
});
