import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folderOf, type SavedModel } from '../models/saved.ts';

/** A model that a server is measured with. */
export type Model = SavedModel | 'celsius';

/** A model as a server is told of it. */
export interface Served {
  readonly name: string;
  /** Absolute path of the folder of its versions. */
  readonly folder: string;
  /** A file that says which models there are, in TensorFlow Serving's form; it goes before name and folder. */
  readonly config?: string;
}

/** One entry of such a file. */
export interface Entry {
  readonly name: string;
  readonly folder: string;
  /** Whether all versions are served at once; else the latest. */
  readonly all?: boolean;
}

/** The folder of a model's versions. */
export function versionsOf(root: string, model: Model): string {
  return model === 'celsius' ? join(root, 'model/celsius') : folderOf(root, model);
}

/** Where a model is asked. */
export function pathOf(name: string, version?: number): string {
  return `/v1/models/${name}${version === undefined ? '' : `/versions/${version}`}:predict`;
}

/** Writes which models a server is to have. @returns the file, which Celsiusify and TensorFlow Serving both read */
export function writeConfig(root: string, entries: readonly Entry[]): string {
  const folder = join(root, '.cache/bench');
  const file = join(folder, `models-${process.pid}.config`);
  const lines = entries.map(({ name, folder: base, all }) => {
    const policy = all ? ' model_version_policy { all {} }' : '';
    return `  config { name: "${name}" base_path: "${base}" model_platform: "tensorflow"${policy} }\n`;
  });
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `model_config_list {\n${lines.join('')}}\n`);
  return file;
}
