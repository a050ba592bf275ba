import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type KubernetesObject, loadAllYaml } from '@kubernetes/client-node';

const helm = process.env.HELM || 'helm';
export const exec = promisify(execFile);
const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** A rendered object: its `spec` is looked at by path, so that no type of it is needed. */
export interface Rendered extends KubernetesObject {
  spec?: unknown;
}

/** Runs a command of Helm on a chart. @throws Error with Helm's message */
export async function run(chart: string, command: string[], options: string[]): Promise<string> {
  const files = options.map((option) => (option.endsWith('.yaml') ? folder(`${chart}/${option}`) : option));
  const { stdout } = await exec(helm, [...command, folder(chart), '--kube-version', '1.34', ...files]);
  return stdout;
}

/** The objects that a chart makes. */
export async function render(chart: string, options: string[]): Promise<Rendered[]> {
  const objects: Rendered[] = loadAllYaml(await run(chart, ['template', 'release'], options));
  return objects.filter((object) => object);
}

/** The value at a path such as `spec.template.spec.containers.0.image`; `~` is a point in a key. */
export function at(object: unknown, path: string): unknown {
  let value = object;
  for (const key of path.split('.'))
    value =
      typeof value === 'object' && value !== null ? Reflect.get(value, key.replace('~', '.')) : undefined;
  return value;
}

/** A container's variables by name. */
export const variables = (env: unknown): Record<string, unknown> =>
  Object.fromEntries((Array.isArray(env) ? env : []).map((one) => [at(one, 'name'), at(one, 'value')]));

export const kinds = (objects: Rendered[]) => objects.map((object) => object.kind).sort();
export const find = (objects: Rendered[], kind: string) => objects.find((object) => object.kind === kind);

/** The same as options of the command line. */
export const set = (...pairs: string[]) => pairs.flatMap((pair) => ['--set', pair]);
