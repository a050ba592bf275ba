import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { FatalError, messageOf } from '../errors.ts';
import type { NativeEngine } from '../native/engine.ts';

/**
 * Has TensorFlow know the operations of libraries, before any model is loaded.
 *
 * @param paths of shared libraries, and of folders that hold some (their own folders are not looked into)
 * @param root what relative paths are relative to
 * @returns the libraries that were loaded
 * @throws FatalError that names the library and says what is wrong; rejects with it
 */
export async function loadOpLibraries(
  native: Pick<NativeEngine, 'loadOpLibrary'>,
  paths: readonly string[],
  root: string,
): Promise<string[]> {
  const files = (await Promise.all(paths.map((path) => librariesAt(resolve(root, path))))).flat();
  for (const file of files) {
    try {
      await native.loadOpLibrary(file);
    } catch (error) {
      throw new FatalError(
        `OP_LIBRARIES: ${file} is no library of operations for this TensorFlow: ${messageOf(error)}`,
      );
    }
  }
  return files;
}

async function librariesAt(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = (await readdir(path)).filter((name) => /\.so(?:\.\d+)*$/.test(name)).sort();
    if (names.length > 0) return names.map((name) => join(path, name));
  } catch (error) {
    throw new FatalError(`OP_LIBRARIES: ${messageOf(error)}`);
  }
  throw new FatalError(`OP_LIBRARIES: ${path} holds no shared library (*.so)`);
}
