import { access, readdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { FatalError, messageOf } from '../errors.ts';
import { folderOf } from '../models/base-path.ts';
import type { Catalogue } from '../models/catalogue.ts';
import { isFolder, versionFolders } from '../models/folders.ts';
import { Lookout } from '../models/lookout.ts';
import { LATEST, type ModelConfig, modelConfigs, withoutEffect } from '../models/model-config.ts';
import type { Servable } from '../models/servable.ts';
import type { Notice } from '../models/status.ts';
import { OPTIONS, type Options } from './options.ts';

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

export interface Following {
  readonly options: ConfigurationOptions;
  /** What relative paths are relative to. */
  readonly root: string;
  readonly catalogue: Pick<Catalogue<Servable>, 'configure'>;
  readonly onNotice: (notice: Notice) => void;
  /** Where the image without a model has its models, as TensorFlow Serving's has. */
  readonly imageFolder?: string;
}

/** A configuration that is being followed. */
export interface Configuration {
  /** Looks at it now, whatever the polls. Never rejects. */
  look(): Promise<void>;
  close(): Promise<void>;
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
  const unasked = await folderUnasked(following);
  if (unasked !== undefined) return followFolder(following, unasked);
  following.catalogue.configure([await oneModel(following)]);
  return { look: async () => {}, close: async () => {} };
}

async function followFile({ options, root, catalogue, onNotice }: Following): Promise<Configuration> {
  const file = resolve(root, pathOf(options.modelConfigFile, 'MODEL_CONFIG_FILE'));
  let applied = await readFile(file, 'utf8').catch((error: unknown) => {
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
async function folderUnasked({
  options,
  root,
  imageFolder = IMAGE_FOLDER,
}: Following): Promise<string | undefined> {
  const asked =
    options.modelName !== OPTIONS.modelName.default ||
    options.modelBasePath !== OPTIONS.modelBasePath.default;
  if (asked || (await exists(resolve(root, options.modelBasePath)))) return undefined;
  return (await exists(imageFolder)) ? imageFolder : undefined;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

async function followFolder(
  { options, root, catalogue, onNotice }: Following,
  folder = resolve(root, pathOf(options.modelsDir, 'MODELS_DIR')),
): Promise<Configuration> {
  const served = new Map<string, ModelConfig>();
  const said = new Set<string>();
  let isRead = false;
  const sayOnce = (message: string) => {
    if (!said.has(message)) onNotice({ level: 'warn', message });
    said.add(message);
  };
  const look = async () => {
    const names = await subfolders(folder);
    let changed = !isRead;
    isRead = true;
    for (const name of served.keys()) {
      if (names.includes(name)) continue;
      served.delete(name);
      changed = true;
    }
    for (const name of names) {
      if (served.has(name)) continue;
      const basePath = join(folder, name);
      const { folders } = await versionFolders(basePath);
      if (folders.size === 0) {
        sayOnce(`${basePath} is no model: it has no numbered folder; put a SavedModel into ${basePath}/1`);
        continue;
      }
      served.set(name, { name, basePath, policy: LATEST, labels: new Map() });
      changed = true;
    }
    if (changed) catalogue.configure([...served.values()]);
  };
  const lookAndSay = () =>
    look().catch((error: unknown) => sayOnce(`MODELS_DIR ${folder}: ${messageOf(error)}`));
  await lookAndSay();
  const lookout = new Lookout({
    folder,
    pollMs: options.fileSystemPollWaitSeconds * 1000,
    look: lookAndSay,
  });
  if (options.fileSystemPollWaitSeconds > 0) lookout.soon();
  return { look: lookAndSay, close: () => lookout.close() };
}

async function subfolders(folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const hidden = entry.name.startsWith('.') || entry.name === 'lost+found';
    if (!hidden && (await isFolder(entry, join(folder, entry.name)))) names.push(entry.name);
  }
  return names.sort();
}

/** One model, in MODEL_BASE_PATH; or where TensorFlow Serving's image looks for it, in the sub-folder of its name. */
async function oneModel({ options, root, imageFolder = IMAGE_FOLDER }: Following): Promise<ModelConfig> {
  const { modelName: name, modelBasePath } = options;
  const given = resolve(root, pathOf(modelBasePath, 'MODEL_BASE_PATH'));
  const inImage = join(imageFolder, name);
  const isDefault = modelBasePath === OPTIONS.modelBasePath.default && name !== OPTIONS.modelName.default;
  const candidates = [...(isDefault ? [inImage] : []), given, join(given, name)];
  const held = await Promise.all(
    candidates.map((path) =>
      versionFolders(path).then(
        ({ folders }) => folders.size > 0,
        () => false,
      ),
    ),
  );
  const basePath = candidates.find((_, i) => held[i]) ?? given;
  return { name, basePath, policy: LATEST, labels: new Map() };
}

function pathOf(value: string, option: string): string {
  try {
    return folderOf(value);
  } catch (error) {
    throw new FatalError(`${option}: ${messageOf(error)}`, 2);
  }
}
