import { mkdir, mkdtemp, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RequestError } from '../errors.ts';
import { Catalogue, type CatalogueOptions } from '../models/catalogue.ts';
import type { ListFolder } from '../models/folders.ts';
import type { ModelConfig } from '../models/model-config.ts';
import { LATEST } from '../models/model-config.ts';
import type { Load, Servable } from '../models/servable.ts';
import type { Notice, VersionChange } from '../models/status.ts';
import { testEngine } from './app.ts';

interface Test {
  teardown(close: () => unknown): unknown;
}

/** A loaded version without TensorFlow. */
export interface FakeServable extends Servable {
  /** What stood in its saved_model.pb. */
  readonly text: string;
  /** A call is under way until the returned function is called. */
  begin(): () => void;
  readonly isUnloaded: boolean;
}

/** A "SavedModel" is a text file; one that begins with `broken` does not load. */
export const fakeLoad: Load<FakeServable> = async ({ name, version, folder }) => {
  const text = await readFile(join(folder, 'saved_model.pb'), 'utf8');
  if (text.startsWith('broken')) throw new RequestError('DATA_LOSS', `${folder}/saved_model.pb is damaged`);
  let calls = 0;
  let unloaded = false;
  let drained = () => {};
  return {
    name,
    version,
    text,
    signatures: new Map(),
    begin: () => {
      if (unloaded) throw new Error(`version ${version} of ${name} was asked after it was unloaded`);
      calls++;
      return () => {
        if (--calls === 0) drained();
      };
    },
    drained: () =>
      calls === 0
        ? Promise.resolve()
        : new Promise<void>((resolve) => {
            drained = resolve;
          }),
    unload: async () => {
      if (calls > 0) throw new Error(`version ${version} of ${name} was unloaded amid a call`);
      unloaded = true;
    },
    get isUnloaded() {
      return unloaded;
    },
  };
};

/** A folder that is gone when the test ends, and what happens in it. */
export class TestFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(t: Test): Promise<TestFolder> {
    const path = await mkdtemp(join(tmpdir(), 'celsiusify-models-'));
    t.teardown(() => rm(path, { recursive: true, force: true }));
    return new TestFolder(path);
  }

  /** A version that appears whole: its file is an hour old. @param version e.g. `half/1` */
  async put(version: string, text = version): Promise<void> {
    const beside = join(this.path, `.${version.replace('/', '-')}`);
    await mkdir(beside, { recursive: true });
    await writeFile(join(beside, 'saved_model.pb'), text);
    const then = Date.now() / 1000 - 3600;
    await utimes(join(beside, 'saved_model.pb'), then, then);
    await mkdir(dirname(join(this.path, version)), { recursive: true });
    await rename(beside, join(this.path, version));
  }

  async write(file: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.path, file)), { recursive: true });
    await writeFile(join(this.path, file), text);
  }

  async remove(path: string): Promise<void> {
    await rm(join(this.path, path), { recursive: true });
  }

  config(name: string, more: Partial<ModelConfig> = {}): ModelConfig {
    return { name, basePath: join(this.path, name), policy: LATEST, labels: new Map(), ...more };
  }
}

export interface TestCatalogue {
  readonly catalogue: Catalogue<FakeServable>;
  readonly changes: VersionChange[];
  readonly notices: Notice[];
}

/** As a server lists folders. */
export const listFolder: ListFolder = (folder, deep) => testEngine().listFolder(folder, deep);

/** A catalogue that is quick: it polls each 10 ms, and takes what has not changed for 20 ms for whole. */
export function testCatalogue(t: Test, options: Partial<CatalogueOptions<FakeServable>> = {}): TestCatalogue {
  const changes: VersionChange[] = [];
  const notices: Notice[] = [];
  const catalogue = new Catalogue<FakeServable>({
    load: fakeLoad,
    list: listFolder,
    onChange: (change) => changes.push(change),
    onNotice: (notice) => notices.push(notice),
    pollMs: 10,
    settleMs: 20,
    retries: 0,
    retryMs: 10,
    unloadFirst: false,
    loadsAtOnce: 2,
    readyWhen: 'all',
    ...options,
  });
  t.teardown(() => catalogue.close());
  return { catalogue, changes, notices };
}

/** Waits until it is so; a test that waits in vain ends by its own limit. */
export async function until(isSo: () => unknown): Promise<void> {
  while (!isSo()) await sleep(2);
}

/** `2 AVAILABLE, 1 END` */
export function states(catalogue: Catalogue<FakeServable>, name: string): string {
  try {
    return catalogue
      .statusOf(name)
      .map(({ version, state, code }) => `${version} ${state}${code === 'OK' ? '' : ` ${code}`}`)
      .join(', ');
  } catch {
    return '';
  }
}
