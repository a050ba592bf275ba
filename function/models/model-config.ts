import { isAbsolute } from 'node:path';
import { invalidArgument } from '../errors.ts';
import { folderOf } from './base-path.ts';
import type { ModelConfigMessage, ModelServerConfigMessage } from './text-format.ts';
import type { VersionPolicy } from './version-policy.ts';

/** One model to serve, as checked configuration. */
export interface ModelConfig {
  readonly name: string;
  /** A folder of numbered SavedModels. */
  readonly basePath: string;
  readonly policy: VersionPolicy;
  /** Label → version. */
  readonly labels: ReadonlyMap<string, string>;
}

export const LATEST: VersionPolicy = { kind: 'latest', count: 1 };

/**
 * Reads and checks a whole configuration, as it stands in TensorFlow Serving's file or comes with
 * HandleReloadConfigRequest. Nothing is taken of one with a fault.
 *
 * @throws RequestError INVALID_ARGUMENT that names the model and what is wrong
 */
export function modelConfigs({ model_config_list }: ModelServerConfigMessage): ModelConfig[] {
  if (model_config_list === undefined || model_config_list === null) {
    throw invalidArgument('the configuration has no model_config_list; others, and none, are not supported');
  }
  const configs = model_config_list.config.map(modelConfig);
  const names = new Set<string>();
  for (const { name } of configs) {
    if (names.has(name)) throw invalidArgument(`model ${JSON.stringify(name)} is listed more than once`);
    names.add(name);
  }
  return configs;
}

/** What of a configuration is understood, but does nothing here. */
export function withoutEffect({ model_config_list }: ModelServerConfigMessage): string[] {
  return (model_config_list?.config ?? [])
    .filter(({ logging_config }) => logging_config !== undefined && logging_config !== null)
    .map(
      ({ name }) =>
        `model ${JSON.stringify(name)}: logging_config has no effect: requests are not logged here`,
    );
}

function modelConfig(message: ModelConfigMessage): ModelConfig {
  const { name, base_path: basePath, model_type: type, model_platform: platform } = message;
  const fault = (text: string) => invalidArgument(`model ${JSON.stringify(name)}: ${text}`);
  const hasType = type !== undefined && type !== 'MODEL_TYPE_UNSPECIFIED';
  if (hasType && platform !== '') throw fault('give model_platform alone, without the deprecated model_type');
  if (!hasType && platform === '')
    throw fault('model_platform is missing; write model_platform: "tensorflow"');
  if (hasType ? type !== 'TENSORFLOW' : platform !== 'tensorflow') {
    throw fault(`platform ${JSON.stringify(hasType ? type : platform)} is not served; "tensorflow" is`);
  }
  const folder = folderOf(basePath);
  if (!isAbsolute(folder)) throw fault(`base_path ${JSON.stringify(basePath)} is no absolute path`);
  return {
    name,
    basePath: folder,
    policy: versionPolicy(message.model_version_policy),
    labels: new Map(Object.entries(message.version_labels)),
  };
}

function versionPolicy(message: ModelConfigMessage['model_version_policy']): VersionPolicy {
  const { latest, all, specific } = message ?? {};
  if (specific) return { kind: 'specific', versions: specific.versions };
  if (all) return { kind: 'all' };
  return latest ? { kind: 'latest', count: Math.max(latest.num_versions, 1) } : LATEST; // 0 is 1 to them, too
}
