import { appendFile, cp } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { PREDICT } from '../engine/runner.ts';
import { LoadingRoom } from '../models/loading-room.ts';
import { createLogger } from '../telemetry/logger.ts';
import { modelFolder, testEngine, testRunner } from '../testing/app.ts';
import { TestFolder } from '../testing/models.ts';
import { TestClient } from '../testing/runs.ts';
import { type Loader, loadWith } from './load.ts';

const native = testEngine();

function loader(freeze: boolean, logs: string[]): Loader {
  return {
    native,
    logger: createLogger('info', 'run', '', { write: (line) => logs.push(line) }),
    bfloat16: false,
    winograd: true,
    freeze,
    room: new LoadingRoom(async () => undefined),
    warmUp: { enableModelWarmup: true, numRequestIterationsForWarmup: 1, bodyLimitBytes: 1 << 20 },
    runnerOf: (model) => testRunner(model),
    twinRunnerOf: (model) => testRunner(model),
    onPhase: () => {},
    onUnloaded: () => {},
  };
}

t.test('a model that holds its weights keeps no copies of them, and answers the same', async (t) => {
  const base = await TestFolder.make(t);
  const large = join(base.path, 'large');
  await cp(join(modelFolder('ranks'), '1'), large, { recursive: true });
  // A field that nobody knows, of 5 MB: number 100, of bytes.
  const head = Buffer.from([0xa2, 0x06, 0x80, 0x80, 0xc0, 0x02]);
  await appendFile(join(large, 'saved_model.pb'), Buffer.concat([head, Buffer.alloc(5 << 20)]));
  const settled = t.capture(native, 'settle', native.settle);
  for (const { folder, freeze, times } of [
    { folder: large, freeze: true, times: 1 },
    { folder: large, freeze: false, times: 1 },
    { folder: join(modelFolder('ranks'), '1'), freeze: true, times: 0 },
    { folder: join(modelFolder('stateful'), '1'), freeze: true, times: 0 },
  ]) {
    const logs: string[] = [];
    let reserved = 0;
    const wanted = {
      name: 'm',
      version: '1',
      folder,
      signal: new AbortController().signal,
      reserve: async (bytes: number) => {
        reserved = bytes;
      },
    };
    const served = await loadWith(loader(freeze, logs))(wanted);
    t.ok(reserved > 8 << 20, 'what it takes is reserved first');
    t.equal(settled().length, times, `${folder}, ${freeze}`);
    t.notMatch(logs.join(''), /could not be prepared/);
    const body = folder.includes('stateful')
      ? '{"instances":[[1,0]]}'
      : '{"signature_name":"matrix","instances":[[1,2],[3,4]]}';
    const answer = await served.runner.answer(PREDICT, Buffer.from(body), new TestClient());
    t.match(String(answer), folder.includes('stateful') ? /\[\[1,2\]\]/ : /\[\[2,1\],\[4,3\]\]/);
    await served.unload();
  }
});
