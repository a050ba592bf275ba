import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ROOT, version } from './versions.ts';

function run(env: Record<string, string>, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, DOCKERHUB_TOKEN: '', TAG: '', ...env },
  });
  return { status, stdout, stderr };
}

const CASES = [
  { args: ['release/main.ts', '--help'], status: 0, says: /^The steps of a release/ },
  { args: ['release/main.ts', '--nope'], status: 2, says: /^release: Unknown option '--nope'.*--help\n$/ },
  { args: ['release/main.ts', 'nope'], status: 2, says: /^release: no step nope/ },
  { args: ['release/main.ts', 'check'], status: 0, says: /all files agree/ },
  {
    args: ['release/main.ts', 'check'],
    env: { TAG: 'v99.0.0' },
    status: 1,
    says: /^release: the tag is v99\.0\.0, and package\.json says /,
  },
  {
    args: ['release/main.ts', 'image'],
    status: 0,
    says: /^image: skipped, since DOCKERHUB_TOKEN is not set\n$/,
  },
  { args: ['release/main.ts', 'sign'], status: 0, says: /^sign: skipped/ },
  { args: ['release/main.ts', 'describe'], status: 0, says: /^\.cache\/dockerhub\.md: \d+ bytes/ },
  {
    args: ['release/main.ts', 'image', '--dry-run'],
    env: { DOCKERHUB_USERNAME: 'someone', DOCKERHUB_TOKEN: 'secret' },
    status: 0,
    says: new RegExp(`name=someone/celsiusify:${version()}-`),
  },
  {
    args: ['test/kind.ts', 'up', '--dry-run'],
    status: 0,
    says: /^\$ kind create cluster [\s\S]*serving-core\.yaml/,
  },
  {
    args: ['test/kind.ts', 'up', '--dry-run'],
    env: { KIND_NODE_IMAGE: 'kindest/node:v1.33.4' },
    status: 0,
    says: /^\$ kind create cluster .* --image kindest\/node:v1\.33\.4\n/,
  },
  { args: ['test/kind.ts', 'sideways'], status: 2, says: /^Usage: / },
  { args: ['release/ci.ts', '--help'], status: 0, says: /^Usage: npm run ci/ },
  { args: ['release/ci.ts', 'nope'], status: 2, says: /^Usage: npm run ci/ },
  { args: ['release/ci.ts', 'program', 'image'], status: 2, says: /^Usage: npm run ci -- program/ },
  { args: ['release/ci.ts', 'summary', 'sh', '-c', 'echo ratio; exit 3'], status: 3, says: /^ratio\n$/ },
  { args: ['docs/main.ts', '--nope'], status: 2, says: /^docs: Unknown option '--nope'/ },
  { args: ['bench/report/eyes.ts', 'bench'], status: 1, says: /^eyes: bench has no plots/ },
  { args: ['docs/commands.ts', '--list'], status: 0, says: /^server\tREADME\.md:\d+ npm start$/m },
];

for (const { args, env = {}, status, says } of CASES) {
  t.test(`${args.join(' ')} ${Object.keys(env)}`, async (t) => {
    const result = run(env, ...args);
    t.equal(result.status, status);
    t.match(result.stdout + result.stderr, says);
    t.notMatch(result.stdout + result.stderr, /secret|\n {4}at /);
  });
}

t.test('a summary has what the command printed, and its exit code', async (t) => {
  const file = join(t.testdir(), 'summary.md');
  const { status, stdout } = run(
    { GITHUB_STEP_SUMMARY: file },
    'release/summary.ts',
    'sh',
    '-c',
    'echo ratio; exit 3',
  );
  t.equal(status, 3);
  t.equal(stdout, 'ratio\n');
  t.equal(readFileSync(file, 'utf8'), '```text\n$ sh -c echo ratio; exit 3\nratio\n```\n');
});
