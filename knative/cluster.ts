import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { KubeConfig, KubernetesObjectApi } from '@kubernetes/client-node';
import { FatalError, messageOf } from '../function/errors.ts';
import { codeOf } from './errors.ts';

/** A cluster to talk to, and the namespace that is meant. */
export interface Cluster {
  readonly config: KubeConfig;
  readonly objects: KubernetesObjectApi;
  /** The API server's URL. */
  readonly server: string;
  readonly namespace: string;
}

export interface ClusterOptions {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly namespace?: string | undefined;
}

/**
 * Reads the kubeconfig: the file given, or those of $KUBECONFIG, or ~/.kube/config, or a pod's service account.
 * Nothing is sent yet.
 * @throws {FatalError} no kubeconfig, one that cannot be read, or no such context in it
 */
export function connect(options: ClusterOptions, env: Readonly<Record<string, string | undefined>>): Cluster {
  const config = new KubeConfig();
  const from = load(config, options.kubeconfig, env);
  if (options.context !== undefined) {
    if (!config.getContextObject(options.context)) {
      const known = config.getContexts().map((c) => c.name);
      throw new FatalError(`no context ${options.context} in ${from}: it has ${known.join(', ') || 'none'}`);
    }
    config.setCurrentContext(options.context);
  }
  const cluster = config.getCurrentCluster();
  if (!cluster) {
    throw new FatalError(`${from} names no cluster as its current context: choose one by --context`);
  }
  const context = config.getContextObject(config.getCurrentContext());
  return {
    config,
    objects: KubernetesObjectApi.makeApiClient(config),
    server: cluster.server,
    namespace: options.namespace ?? context?.namespace ?? 'default',
  };
}

/** @returns where it was read from, for messages */
function load(
  config: KubeConfig,
  file: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const files = file !== undefined ? [file] : (env.KUBECONFIG ?? '').split(delimiter).filter(Boolean);
  const home = join(env.HOME ?? homedir(), '.kube', 'config');
  if (files.length === 0 && existsSync(home)) files.push(home);
  if (files.length === 0) {
    if (!env.KUBERNETES_SERVICE_HOST) {
      throw new FatalError(
        `no kubeconfig: not in $KUBECONFIG, not at ${home}, and this is no pod: give one by --kubeconfig`,
      );
    }
    config.loadFromCluster();
    return "the pod's service account";
  }
  for (const [i, path] of files.entries()) {
    try {
      if (i === 0) {
        config.loadFromFile(path);
      } else {
        const more = new KubeConfig();
        more.loadFromFile(path);
        config.mergeConfig(more, true);
      }
    } catch (error) {
      const why = codeOf(error) === 'ENOENT' ? 'there is no such file' : messageOf(error);
      throw new FatalError(`kubeconfig ${path} cannot be used: ${why}: give another by --kubeconfig`);
    }
  }
  return `kubeconfig ${files.join(delimiter)}`;
}
