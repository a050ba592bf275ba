import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnServer } from '../../function/testing/child-process.ts';
import { expect, expectRight, type HardeningTest, tally, withServer } from './case.ts';

const CELSIUS = join(import.meta.dirname, '..', '..', 'model', 'celsius');
const PB = join(CELSIUS, '1', 'saved_model.pb');

/** A folder for models that is gone after the test. */
async function inFolder<T>(act: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'celsiusify-'));
  try {
    return await act(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Starts on a model: `served`, or how the start ended. Anything but one line and exit 1 is a fault. */
async function startOn(base: string): Promise<string> {
  const server = spawnServer({ env: { MODEL_BASE_PATH: base } });
  const ready = await server.ready.then(
    () => true,
    () => false,
  );
  if (ready) server.child.kill('SIGKILL');
  const { code, signal, stderr } = await server.ended;
  if (ready) return 'served';
  expect(code === 1, `ended with ${code ?? signal}: ${stderr}`);
  expect(/^celsiusify: [^\n]+\n$/.test(stderr), `said ${JSON.stringify(stderr)}`);
  return 'exit 1, one line';
}

function modelOf(folder: string, name: string, bytes: Buffer): string {
  const base = join(folder, name);
  mkdirSync(join(base, '1'), { recursive: true });
  writeFileSync(join(base, '1', 'saved_model.pb'), bytes);
  return base;
}

export const modelTests: HardeningTest[] = [
  {
    name: 'truncated SavedModel',
    run: () =>
      inFolder(async (folder) => {
        const whole = readFileSync(PB);
        const lengths = [0, 1, 2, 10, 100, whole.length >> 1, whole.length - 100, whole.length - 1];
        const ends = [];
        for (const length of lengths)
          ends.push(await startOn(modelOf(folder, `${length}`, whole.subarray(0, length))));
        expect(!ends.includes('served'), tally(ends));
        return { sent: `saved_model.pb cut to ${lengths.join(', ')} bytes`, came: tally(ends) };
      }),
  },
  {
    name: 'corrupted SavedModel',
    run: () =>
      inFolder(async (folder) => {
        const whole = readFileSync(PB);
        const ends = [];
        for (let i = 0; i < 16; i++) {
          const damaged = Buffer.from(whole);
          const at = Math.floor((i / 16) * whole.length);
          damaged.writeUInt8(damaged.readUInt8(at) ^ 0xff, at);
          ends.push(await startOn(modelOf(folder, `${i}`, damaged)));
        }
        return { sent: 'saved_model.pb with one byte inverted, at 16 places', came: tally(ends) };
      }),
  },
  {
    name: 'symlinked SavedModel',
    run: () =>
      inFolder(async (folder) => {
        symlinkSync(CELSIUS, join(folder, 'linked'));
        symlinkSync('loop', join(folder, 'loop'));
        symlinkSync('/nowhere', join(folder, 'dangling'));
        const ends = [];
        for (const name of ['linked', 'loop', 'dangling'])
          ends.push(`${name}: ${await startOn(join(folder, name))}`);
        expect(ends[0] === 'linked: served', `${ends}`);
        return { sent: 'links to a model, to itself, to nothing', came: ends.join('; ') };
      }),
  },
  {
    name: 'huge SavedModel',
    run: () =>
      inFolder(async (folder) => {
        const ends = [];
        for (const size of [256 * 2 ** 20, 3 * 2 ** 30]) {
          const base = modelOf(folder, `${size}`, Buffer.alloc(0));
          truncateSync(join(base, '1', 'saved_model.pb'), size); // sparse: no such room on the disk is needed
          ends.push(await startOn(base));
        }
        return { sent: 'saved_model.pb of 256 MiB and of 3 GiB', came: tally(ends) };
      }),
  },
  {
    name: 'model folder that changes while serving',
    run: () =>
      inFolder((folder) => {
        const base = join(folder, 'celsius');
        cpSync(CELSIUS, base, { recursive: true });
        return withServer({ env: { MODEL_BASE_PATH: base } }, async (url) => {
          writeFileSync(join(base, '1', 'saved_model.pb'), 'garbage');
          await expectRight(url);
          cpSync(CELSIUS, join(base, 'other'), { recursive: true });
          mkdirSync(join(base, '2'));
          await expectRight(url);
          rmSync(base, { recursive: true });
          await expectRight(url);
          const status = await (await fetch(`${url}/v1/models/celsius`)).json();
          return {
            sent: 'the file overwritten, an empty version 2 added, the folder removed',
            came: `right answers, of version ${Object(status).model_version_status[0].version}`,
          };
        });
      }),
  },
];

/** A place that refuses all writes, as a full disk does; undefined where there is none. */
export const fullDisk = (): number | undefined =>
  existsSync('/dev/full') ? openSync('/dev/full', 'w') : undefined;
