import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FatalError, messageOf } from '../errors.ts';
import { folderOf } from '../models/base-path.ts';
import type { Catalogue } from '../models/catalogue.ts';
import { type ListFolder, versionFolders } from '../models/folders.ts';
import { Lookout, type Sight, see } from '../models/lookout.ts';
import { LATEST, type ModelConfig, modelConfigs, withoutEffect } from '../models/model-config.ts';
import type { Servable } from '../models/servable.ts';
import { OPTIONS, type Options } from './options.ts';
import { type Patience, patiently } from './patience.ts';

/** A sub-folder of MODELS_DIR that does not answer for so long is taken for a model. */
const PATIENCE_MS = 2000;

type ConfigurationOptions = Pick<
  Options,
  | 'modelName'
  | 'modelBasePath'
  | 'modelsDir'
  | 'modelConfigFile'
  | 'modelConfigFilePollWaitSeconds'
  | 'fileSystemPollWaitSeconds'
>;

const IMAGE_FOLDER = '/models';

export interface Following extends Patience {
  readonly options: ConfigurationOptions;
  /** What relative paths are relative to. */
  readonly root: string;
  readonly catalogue: Pick<Catalogue<Servable>, 'configure'>;
  readonly list: ListFolder;
  /** Where the image without a model has its models, as TensorFlow Serving's has. */
  readonly imageFolder?: string;
}

/** A configuration that is being followed. */
export interface Configuration {
  /** Looks at it now, whatever the polls. Never rejects. */
  look(): Promise<void>;
  close(): void;
}

/**
 * Tells the catalogue which models to serve: those of MODEL_CONFIG_FILE, or of MODELS_DIR, or the one of MODEL_NAME; and
 * again whenever the file or the folder changes.
 *
 * @returns what looks at once, and what stops that
 * @throws FatalError where there is no such configuration, or one with a fault; one that changes later is told by a
 * notice, and what was served goes on
 */
export async function followConfiguration(following: Following): Promise<Configuration> {
  const { modelConfigFile, modelsDir } = following.options;
  if (modelConfigFile !== '' && modelsDir !== '') {
    throw new FatalError('give one of MODEL_CONFIG_FILE and MODELS_DIR, not both', 2);
  }
  if (modelConfigFile !== '') return followFile(following);
  if (modelsDir !== '') return followFolder(following);
  const { model, isThere } = await oneModel(following);
  const unasked = isThere ? undefined : await folderUnasked(following);
  if (unasked !== undefined) return followFolder(following, unasked);
  following.catalogue.configure([model]);
  return { look: async () => {}, close: () => {} };
}

async function followFile(following: Following): Promise<Configuration> {
  const { options, root, catalogue, list, onNotice } = following;
  const file = resolve(root, pathOf(options.modelConfigFile, 'MODEL_CONFIG_FILE'));
  const reading = patiently(readFile(file, 'utf8'), `MODEL_CONFIG_FILE ${file}`, following);
  let applied = await reading.catch((error: unknown) => {
    throw new FatalError(`MODEL_CONFIG_FILE: ${messageOf(error)}`);
  });
  const { readTextFormat } = await import('../models/text-format.ts'); // a start with one model does without it
  const apply = (text: string) => {
    const message = readTextFormat('ModelServerConfig', text);
    const configs = modelConfigs(message);
    for (const words of withoutEffect(message)) onNotice({ level: 'warn', message: words });
    catalogue.configure(configs);
  };
  try {
    apply(applied);
  } catch (error) {
    throw new FatalError(`MODEL_CONFIG_FILE ${file}: ${messageOf(error)}`);
  }
  let said = '';
  const look = async () => {
    try {
      const text = await readFile(file, 'utf8');
      if (text === applied) return;
      applied = text;
      apply(text);
      onNotice({ level: 'info', message: `${file} was read again` });
    } catch (error) {
      const message = `${file} is not taken, what was served goes on: ${messageOf(error)}`;
      if (message !== said) onNotice({ level: 'warn', message });
      said = message;
    }
  };
  const lookout = new Lookout({
    folder: dirname(file), // not the file: one that is replaced, as a ConfigMap's are, would be watched no more
    list,
    pollMs: options.modelConfigFilePollWaitSeconds * 1000,
    look,
  });
  if (options.modelConfigFilePollWaitSeconds > 0) lookout.soon();
  return { look, close: () => lookout.close() };
}

/**
 * The folder of models of the image that has none of its own, where no option says what to serve.
 *
 * @returns undefined where there is no such folder, or the celsius model is there
 */
async function folderUnasked(following: Following): Promise<string | undefined> {
  const { options, root, imageFolder = IMAGE_FOLDER } = following;
  const asked =
    options.modelName !== OPTIONS.modelName.default ||
    options.modelBasePath !== OPTIONS.modelBasePath.default;
  if (asked || (await exists(resolve(root, options.modelBasePath), following))) return undefined;
  return (await exists(imageFolder, following)) ? imageFolder : undefined;
}

const exists = (folder: string, following: Following): Promise<boolean> =>
  patiently(see(following.list, folder), folder, following).then((sight) => 'entries' in sight);

async function followFolder(
  following: Following,
  folder = resolve(following.root, pathOf(following.options.modelsDir, 'MODELS_DIR')),
): Promise<Configuration> {
  const { options, catalogue, list, onNotice } = following;
  const served = new Map<string, ModelConfig>();
  const said = new Set<string>();
  let isRead = false;
  const sayOnce = (message: string) => {
    if (!said.has(message)) onNotice({ level: 'warn', message });
    said.add(message);
  };
  const configure = () => {
    isRead = true;
    catalogue.configure([...served.values()]);
  };
  const look = async (sight: Sight) => {
    if ('error' in sight) {
      sayOnce(`MODELS_DIR ${folder}: ${sight.error}`);
      return;
    }
    const names = modelNames(sight);
    const gone = [...served.keys()].filter((name) => !names.includes(name));
    for (const name of gone) served.delete(name);
    const found = await Promise.all(
      names
        .filter((name) => !served.has(name))
        .map((name) => answerSoon(list, join(folder, name)).then((why) => ({ name, why }))),
    );
    for (const { name, why } of found) {
      if (why !== undefined) sayOnce(why);
      else served.set(name, { name, basePath: join(folder, name), policy: LATEST, labels: new Map() });
    }
    if (!isRead || gone.length > 0 || found.some(({ why }) => why === undefined)) configure();
  };
  const lookNow = async () => look(await see(list, folder));
  await look(await patiently(see(list, folder), `MODELS_DIR ${folder}`, following));
  const lookout = new Lookout({
    folder,
    list,
    pollMs: options.fileSystemPollWaitSeconds * 1000,
    look,
    onSilent: (seconds) =>
      sayOnce(`MODELS_DIR ${folder} has not been read for ${seconds} s: it does not answer`),
  });
  if (options.fileSystemPollWaitSeconds > 0) lookout.soon();
  return { look: lookNow, close: () => lookout.close() };
}

/**
 * @returns why a folder is no model, in words; undefined where it is one, or does not answer: then the catalogue says so, and
 * the other models do not wait
 */
async function answerSoon(list: ListFolder, basePath: string): Promise<string | undefined> {
  const noModel = `${basePath} is no model: it has no numbered folder; put a SavedModel into ${basePath}/1`;
  const patience = new AbortController();
  const answer = list(basePath, false).then(
    (entries) => (versionFolders(basePath, entries).folders.size > 0 ? undefined : noModel),
    messageOf,
  );
  const late = sleep(PATIENCE_MS, undefined, { signal: patience.signal }).catch(() => undefined);
  try {
    return await Promise.race([answer, late]);
  } finally {
    patience.abort();
  }
}

function modelNames({ entries }: Extract<Sight, { entries: unknown }>): string[] {
  return entries
    .filter(({ name, kind }) => kind === 'folder' && !/^(?:$|\.|lost\+found$)/.test(name))
    .map(({ name }) => name)
    .sort();
}

/** One model, in MODEL_BASE_PATH; or where TensorFlow Serving's image looks for it, in the sub-folder of its name. */
async function oneModel(following: Following): Promise<{ model: ModelConfig; isThere: boolean }> {
  const { options, root, list, imageFolder = IMAGE_FOLDER } = following;
  const { modelName: name, modelBasePath } = options;
  const given = resolve(root, pathOf(modelBasePath, 'MODEL_BASE_PATH'));
  const inImage = join(imageFolder, name);
  const isDefault = modelBasePath === OPTIONS.modelBasePath.default && name !== OPTIONS.modelName.default;
  const candidates = [...(isDefault ? [inImage] : []), given, join(given, name)];
  const looks = Promise.all(candidates.map((path) => see(list, path)));
  const sights = await patiently(looks, `MODEL_BASE_PATH ${given}`, following);
  const held = sights.map(
    (sight, i) => 'entries' in sight && versionFolders(candidates[i] ?? '', sight.entries).folders.size > 0,
  );
  const found = candidates.find((_, i) => held[i]);
  const model = { name, basePath: found ?? given, policy: LATEST, labels: new Map() };
  return { model, isThere: found !== undefined };
}

function pathOf(value: string, option: string): string {
  try {
    return folderOf(value);
  } catch (error) {
    throw new FatalError(`${option}: ${messageOf(error)}`, 2);
  }
}
