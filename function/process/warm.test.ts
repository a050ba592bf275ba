import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { type Code, RequestError } from '../errors.ts';
import { loadVersion } from '../model/saved-model.ts';
import { maskedCrc32c } from '../model/tf-record.ts';
import { testEngine, testRunner } from '../testing/app.ts';
import { TestFolder } from '../testing/models.ts';
import { fixture, startServer } from '../testing/whole-server.ts';
import { warm } from './warm.ts';

const SETTINGS = { enableModelWarmup: true, numRequestIterationsForWarmup: 1, bodyLimitBytes: 1 << 20 };
const RECORDS = 'assets.extra/tf_serving_warmup_requests';
const { signal } = new AbortController();

/** A TFRecord file. */
function tfRecords(records: readonly Buffer[]): Buffer {
  return Buffer.concat(
    records.flatMap((record) => {
      const head = Buffer.alloc(12);
      head.writeBigUInt64LE(BigInt(record.length));
      head.writeUInt32LE(maskedCrc32c(head.subarray(0, 8)), 8);
      const tail = Buffer.alloc(4);
      tail.writeUInt32LE(maskedCrc32c(record));
      return [head, record, tail];
    }),
  );
}

const fileOf = (name: string) => readFile(fixture(join('warm-up-requests', name)));

/** The first record of a file. */
async function firstOf(name: string): Promise<Buffer> {
  const file = await fileOf(name);
  return file.subarray(12, 12 + Number(file.readBigUInt64LE(0)));
}

/** Loads a recorded model as if a file of warm-up requests had come with it, and a runner that tells what it runs. */
async function modelWith(t: { teardown(close: () => unknown): unknown }, model: string, file: Buffer) {
  const folder = await TestFolder.make(t);
  await mkdir(join(folder.path, 'assets.extra'));
  await writeFile(join(folder.path, RECORDS), file);
  const loaded = await loadVersion(testEngine(), {
    name: 'm',
    version: '1',
    folder: fixture(join('tf-serving-models', model)),
  });
  t.teardown(() => loaded.unload());
  const runner = testRunner(loaded);
  const ran: string[] = [];
  const names = [...loaded.signatures.keys()];
  return {
    model: { ...loaded, folder: folder.path },
    ran,
    runner: {
      run: (...[signature, inputs, client]: Parameters<typeof runner.run>) => {
        const sizes = inputs.map(({ data }) => (data === undefined ? 'zeros' : data.length));
        ran.push(`${names[signature]} ${sizes}`);
        return runner.run(signature, inputs, client);
      },
    },
  };
}

t.test('files that TensorFlow Serving takes', async (t) => {
  const predict = await firstOf('predict');
  const nothing = await firstOf('no-log');
  for (const { file, records, ran, iterations = 1 } of [
    { file: await fileOf('predict'), records: 2, ran: ['serving_default 8', 'serving_default 8'] },
    { file: await fileOf('wrong-name'), records: 1, ran: ['serving_default 8'] },
    { file: await fileOf('no-log'), records: 1, ran: ['serving_default zeros'] },
    { file: Buffer.alloc(0), records: 0, ran: ['serving_default zeros'] },
    { file: tfRecords([predict]), records: 1, iterations: 3, ran: Array(3).fill('serving_default 8') },
    { file: tfRecords(Array(1000).fill(nothing)), records: 1000, ran: ['serving_default zeros'] },
  ]) {
    const test = await modelWith(t, 'shift/1', file);
    const settings = { ...SETTINGS, numRequestIterationsForWarmup: iterations };
    const { recorded } = await warm(test.model, test.runner, settings, signal);
    t.equal(recorded?.records, records);
    t.same(test.ran, ran);
  }
});

t.test('classify, regress and MultiInference; other signatures are run on zeros', async (t) => {
  const { model, runner, ran } = await modelWith(t, 'examples/1', await fileOf('kinds'));
  const { recorded, left, ran: onZeros } = await warm(model, runner, SETTINGS, signal);
  t.equal(recorded?.records, 3);
  const asked = ran.filter((run) => !run.endsWith('zeros'));
  t.ok(asked.length >= 4, 'MultiInference asks two signatures');
  const signatures = [...(recorded?.signatures ?? [])];
  t.same(new Set(asked.map((run) => run.split(' ')[0])), new Set(signatures));
  t.same(
    [...onZeros, ...left.keys()].filter((name) => signatures.includes(name)),
    [],
    'not those that were asked',
  );
  t.equal(onZeros.length + left.size + signatures.length, model.signatures.size);
});

t.test('files that TensorFlow Serving refuses, with its codes', async (t) => {
  const predict = await firstOf('predict');
  const nothing = await firstOf('no-log');
  const cut = tfRecords([predict]).subarray(0, 7);
  for (const { file, code, message } of [
    {
      file: await fileOf('garbage'),
      code: 'DATA_LOSS',
      message: /corrupted record at 0 \(is this a TFRecord/,
    },
    { file: await fileOf('truncated'), code: 'DATA_LOSS', message: /truncated record at 70$/ },
    { file: await fileOf('crc'), code: 'DATA_LOSS', message: /corrupted record at 12$/ },
    { file: await fileOf('bad-proto'), code: 'INVALID_ARGUMENT', message: /record 1: it is no tensorflow/ },
    {
      file: await fileOf('wrong-input'),
      code: 'INVALID_ARGUMENT',
      message: /record 1: .*inputs are x; sent/,
    },
    { file: cut, code: 'DATA_LOSS', message: /truncated record at 0$/ },
    {
      file: tfRecords(Array(1001).fill(nothing)),
      code: 'INVALID_ARGUMENT',
      message: /more than 1000 records/,
    },
  ] satisfies { file: Buffer; code: Code; message: RegExp }[]) {
    const { model, runner } = await modelWith(t, 'shift/1', file);
    await t.rejects(warm(model, runner, SETTINGS, signal), { code, message }, `${message}`);
  }
});

t.test('what is too large, or takes too long, is left out with a word', async (t) => {
  const [predict, other] = [await firstOf('predict'), await firstOf('wrong-name')];
  const { model, runner, ran } = await modelWith(t, 'shift/1', tfRecords([predict, other]));
  const limit = { ...SETTINGS, bodyLimitBytes: Math.min(predict.length, other.length) };
  const small = await warm(model, runner, limit, signal);
  t.match(small.recorded, { records: 2, left: /^record \d has \d+ bytes, more than BODY_LIMIT_BYTES$/ });
  t.equal(ran.length, 1);
  const slow = { run: () => Promise.reject(new RequestError('DEADLINE_EXCEEDED', 'too late')) };
  const { recorded: late } = await warm(model, slow, SETTINGS, signal);
  t.match(late, { records: 1, left: 'record 1 took longer than 60 s; what comes after it was not run' });
});

t.test('nothing is run where that is switched off', async (t) => {
  const { model, runner, ran } = await modelWith(t, 'shift/1', await fileOf('garbage'));
  t.same(await warm(model, runner, { ...SETTINGS, enableModelWarmup: false }, signal), {
    ran: [],
    left: new Map(),
    recorded: undefined,
  });
  t.same(ran, []);
});

t.test('a server: the log says what was run, and what was wrong', async (t) => {
  const folder = await TestFolder.make(t);
  for (const [version, records] of [
    ['1', 'predict'],
    ['2', 'crc'],
  ] as const) {
    const beside = join(folder.path, 'm', version);
    await mkdir(join(beside, 'assets.extra'), { recursive: true });
    await copyFile(fixture('tf-serving-models/shift/1/saved_model.pb'), join(beside, 'saved_model.pb'));
    await writeFile(join(beside, RECORDS), await fileOf(records));
  }
  const { logs } = await startServer(t, {
    MODEL_NAME: 'm',
    MODEL_BASE_PATH: join(folder.path, 'm'),
    MAX_NUM_LOAD_RETRIES: '0',
  });
  t.match(
    logs.find(({ msg }) => msg === 'warmed up by recorded requests'),
    { modelVersion: '1', records: 2, signatures: ['serving_default'] },
  );
  t.match(
    logs.find(({ level }) => level === 'error'),
    { modelVersion: '2', code: 'DATA_LOSS', reason: /corrupted record at 12$/ },
  );
});
