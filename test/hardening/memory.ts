import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawnServer } from '../../function/testing/child-process.ts';
import { expect, expectRight, type Finding, type HardeningTest, tally } from './case.ts';
import { inMemoryCgroup } from './life.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const MODEL = 'mobilenet_v2';

/** From what celsius needs by itself to what the model needs while its variables become constants, MiB. */
const LIMITS = [110, 130, 150, 170, 190, 210, 230, 250, 280, 320, 400];

interface Outcome {
  readonly loaded: 'refused' | 'served';
  readonly frozen: boolean;
}

/** Starts on celsius and the model under a limit. The process must live on, whatever becomes of the model. */
async function startUnder(models: string, prefix: string[]): Promise<Outcome> {
  const env = { MODELS_DIR: models, READY_WHEN: 'any', MAX_NUM_LOAD_RETRIES: '0', LOG_LEVEL: 'info' };
  const server = spawnServer({ env, prefix });
  let logs = '';
  server.child.stdout?.on('data', (chunk: Buffer) => {
    logs += chunk;
  });
  const logged = (words: RegExp) =>
    logs.split('\n').some((line) => line.includes(`"${MODEL}"`) && words.test(line));
  let hasEnded = false;
  server.ended.then(() => {
    hasEnded = true;
  });
  try {
    const url = await server.ready;
    const isOver = () => logged(/was not loaded|variables have become|variables stay/);
    while (!isOver() && !hasEnded) await sleep(50);
    await sleep(300); // what comes after it must not end the process either
    expect(!hasEnded, `the process has ended: ${logs.slice(-500)}`);
    await expectRight(url);
    if (logged(/was not loaded/)) {
      expect(logged(/RESOURCE_EXHAUSTED.*it takes about \d+ MiB of memory to load it/), logs.slice(-1000));
      return { loaded: 'refused', frozen: false };
    }
    const status = await (await fetch(`${url}/v1/models/${MODEL}`)).text();
    expect(status.includes('AVAILABLE'), status);
    return { loaded: 'served', frozen: logged(/variables have become/) };
  } finally {
    server.child.kill('SIGKILL');
    await server.ended;
  }
}

export const memoryTests: HardeningTest[] = [
  {
    name: 'memory limits at which a model just fits, or just does not',
    run: async (): Promise<Finding> => {
      const model = join(ROOT, '.cache', 'models', MODEL);
      if (!existsSync(model)) return { sent: '–', came: `not done: npm run bench:models -- ${MODEL}` };
      const models = mkdtempSync(join(tmpdir(), 'celsiusify-memory-'));
      symlinkSync(join(ROOT, 'model', 'celsius'), join(models, 'celsius'));
      symlinkSync(model, join(models, MODEL));
      const outcomes: Outcome[] = [];
      try {
        for (const limit of LIMITS) {
          const found = await inMemoryCgroup(limit << 20, async (prefix) => {
            outcomes.push(await startUnder(models, prefix));
            return { sent: '', came: '' };
          });
          if (found.came !== '') return found;
        }
      } finally {
        rmSync(models, { recursive: true });
      }
      const words = outcomes.map(({ loaded, frozen }) => (frozen ? `${loaded}, with constants` : loaded));
      const loads = outcomes.map(({ loaded }) => loaded);
      expect(loads[0] === 'refused' && loads.at(-1) === 'served', tally(words));
      return {
        sent: `${MODEL} beside celsius under ${LIMITS.length} limits from ${LIMITS[0]} to ${LIMITS.at(-1)} MiB`,
        came: `${tally(words)}; none was killed, celsius answered under each`,
      };
    },
  },
];
