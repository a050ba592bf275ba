import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FatalError } from '../function/errors.ts';

const run = promisify(execFile);

/**
 * A Python environment under .cache/bench with exactly what a hash-pinned requirements.txt says. It is made once, and anew
 * when the file changes; one whose making was interrupted has no stamp and is made anew, too.
 * @param options of pip, such as --no-deps for packages that are only read
 * @returns its folder of programs
 * @throws {FatalError} in one line when Python or a package cannot be had
 */
export async function makeVenv(
  root: string,
  name: string,
  requirements: string,
  say: (line: string) => void,
  options: readonly string[] = [],
): Promise<string> {
  const folder = join(root, '.cache/bench', name);
  const stamp = join(folder, 'requirements.sha256');
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  const bin = join(folder, 'bin');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return bin;
  say(`making a Python environment for ${name} (once; a minute or two, on top of the run's own time)`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(root, '.cache/bench'), { recursive: true });
  try {
    await run('python3', ['-m', 'venv', folder]);
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    await run(join(bin, 'python'), [
      ...install,
      '--require-hashes',
      '--only-binary=:all:',
      ...options,
      '-r',
      requirements,
    ]);
  } catch (error) {
    const { stderr = '' } = error instanceof Error && 'stderr' in error ? error : {};
    const line = String(stderr).trim().split('\n').at(-1) || String(error);
    throw new FatalError(`no Python environment for ${name}: ${line}`);
  }
  writeFileSync(stamp, wanted);
  return bin;
}
