import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * A program of a Go module, built once into .cache/go; go checks the module against its checksum database.
 *
 * @param module with its version, e.g. `example.com/tool/cmd/tool@v1.2.3`
 * @returns undefined where there is no Go
 */
export async function goTool(root: string, name: string, module: string): Promise<string | undefined> {
  const folder = join(root, '.cache/go', module.replace(/^.*@/, ''));
  const program = join(folder, name);
  if (existsSync(program)) return program;
  const found = await run('go', ['version']).catch(() => undefined);
  if (found === undefined) return undefined;
  await run('go', ['install', module], { env: { ...process.env, GOBIN: folder } });
  return program;
}
