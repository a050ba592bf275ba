import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeVenv } from '../venv.ts';
import { digestOf } from './found.ts';
import type { Command } from './target.ts';

/** A server in Python that is here as a folder: requirements.txt, and app.py, which serves one SavedModel. */
export interface PythonServer {
  /** Its folder in bench/targets, and its environment's in .cache/bench. */
  readonly name: string;
  /** Packages whose versions are told. */
  readonly packages: readonly string[];
  /** Program and arguments; `bin` are its environment's programs. */
  argv(bin: string, folder: string, port: number): [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
}

export interface PythonProgram {
  /** Of its packages. */
  readonly version: string;
  /** SHA-256 of its app.py. */
  readonly digest: string;
  /** @param model its name, and the absolute path of one version's SavedModel */
  command(model: { readonly name: string; readonly version: string }, port: number): Command;
}

/** Makes its environment, where it is not there yet. @throws {FatalError} in one line when it cannot be had */
export async function pythonProgram(
  root: string,
  { name, packages, argv, env }: PythonServer,
  say: (line: string) => void,
): Promise<PythonProgram> {
  const folder = join(root, 'bench/targets', name);
  const requirements = join(folder, 'requirements.txt');
  const bin = await makeVenv(root, name, requirements, say);
  return {
    version: versionsIn(readFileSync(requirements, 'utf8'), packages),
    digest: await digestOf(join(folder, 'app.py')),
    command: (model, port) => ({
      argv: argv(bin, folder, port),
      env: {
        ...env,
        PORT: String(port),
        MODEL_NAME: model.name,
        MODEL_PATH: model.version,
        PYTHONPATH: join(root, 'bench/targets/python'), // served.py
      },
    }),
  };
}

function versionsIn(requirements: string, names: readonly string[]): string {
  const versions = names.map((name) => [
    name,
    new RegExp(`^${name}==([^\\s;]+)`, 'm').exec(requirements)?.[1],
  ]);
  return versions.map(([name, version]) => `${name} ${version ?? 'unknown'}`).join(', ');
}
