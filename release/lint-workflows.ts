// npm run ci -- workflows: actionlint and zizmor over .github/workflows. Each is taken from PATH; where it is not there, from its pinned
// package (Go's checksum database and pip's hashes check it).
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './versions.ts';

const ACTIONLINT = 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.12';
const VENV = join(ROOT, '.cache', 'zizmor');

const run = (command: string, ...args: string[]) =>
  spawnSync(command, args, { cwd: ROOT, stdio: 'inherit' }).status;
const has = (command: string) => spawnSync(command, ['--version']).status === 0;

function zizmor(): string {
  if (has('zizmor')) return 'zizmor';
  const program = join(VENV, 'bin', 'zizmor');
  if (existsSync(program)) return program;
  run('python3', '-m', 'venv', VENV);
  run(
    join(VENV, 'bin', 'pip'),
    'install',
    '--quiet',
    '--require-hashes',
    '-r',
    'release/zizmor-requirements.txt',
  );
  return program;
}

const results = {
  actionlint: has('actionlint') ? run('actionlint') : run('go', 'run', ACTIONLINT),
  // What it would ask GitHub, such as whether a commit is a tag's, it does where there is a token.
  zizmor: run(zizmor(), '--pedantic', ...(process.env.GH_TOKEN ? [] : ['--offline']), '.github'),
};

for (const [tool, status] of Object.entries(results)) {
  process.stdout.write(
    status === null
      ? `${tool} cannot be run: see release/lint-workflows.ts\n`
      : `${tool}: ${status === 0 ? 'clean' : 'see above'}\n`,
  );
}
process.exitCode = Object.values(results).every((status) => status === 0) ? 0 : 1;
