import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FatalError, messageOf } from '../function/errors.ts';
import { changesOf } from './changelog.ts';
import { description } from './description.ts';
import { notice } from './notice.ts';
import { type Command, charts, IMAGES, image, index, type Place, page, sign } from './publish.ts';
import { sbom } from './sbom.ts';
import { disagreements, ROOT, read, version } from './versions.ts';

const HELP = `The steps of a release; .github/workflows/release.yml runs them one by one.

Usage: npm run release -- STEP [--dry-run]

  check    all files name one version, the tag (TAG) is that one, CHANGELOG.md has a section of it
  notice   write NOTICE; with --check only compare
  sbom     write .cache/sbom/ARCHITECTURE.cdx.json for each architecture, and say how many packages it has
  image    build this machine's images, with and without a model, and push them, with SBOM and provenance
  index    give each image's architectures one name
  sign     sign those by digest, and attest the SBOM
  describe write .cache/dockerhub.md, Docker Hub's description of the images, made from README.md
  charts   push the charts as OCI artifacts
  page     make the GitHub release from CHANGELOG.md

  --dry-run  say the commands, run none
  --help     this text

image, index, sign and charts need DOCKERHUB_USERNAME and DOCKERHUB_TOKEN; without the token they are skipped, and say so.
`;

const SBOM_FOLDER = '.cache/sbom';
const env = (name: string) => process.env[name] ?? '';
const say = (line: string) => process.stdout.write(`${line}\n`);
const output = (...argv: [string, ...string[]]) =>
  execFileSync(argv[0], argv.slice(1), { cwd: ROOT, encoding: 'utf8' }).trim();

function place(): Place {
  const user = env('DOCKERHUB_USERNAME') || 'USER';
  const [revision = '', created = ''] = output('git', 'log', '-1', '--format=%H %cI').split(' ');
  return {
    version: version(),
    image: `${user}/celsiusify`,
    user,
    token: env('DOCKERHUB_TOKEN'),
    revision,
    created,
  };
}

function check(): void {
  const problems = disagreements();
  const tag = env('TAG');
  if (tag !== '' && tag !== `v${version()}`)
    problems.push(`the tag is ${tag}, and package.json says ${version()}`);
  if (problems.length > 0) throw new FatalError(problems.join('; '));
  changesOf(read('CHANGELOG.md'), version());
  say(`${version()}: all files agree, CHANGELOG.md has it`);
}

async function writeNotice(compareOnly: boolean): Promise<void> {
  const text = await notice();
  const same = existsSync(join(ROOT, 'NOTICE')) && read('NOTICE') === text;
  if (compareOnly && !same) throw new FatalError('NOTICE is out of date: npm run release -- notice');
  if (!same) writeFileSync(join(ROOT, 'NOTICE'), text);
  say(`NOTICE ${same ? 'is as it should be' : 'written'}`);
}

function describe(): void {
  const file = '.cache/dockerhub.md';
  const text = description(read('README.md'));
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  writeFileSync(join(ROOT, file), text);
  say(`${file}: ${Buffer.byteLength(text)} bytes`);
}

async function writeSboms(): Promise<void> {
  mkdirSync(join(ROOT, SBOM_FOLDER), { recursive: true });
  for (const arch of ['x64', 'arm64']) {
    const bom = await sbom(arch);
    const file = `${SBOM_FOLDER}/${arch}.cdx.json`;
    writeFileSync(join(ROOT, file), `${JSON.stringify(bom, null, 2)}\n`);
    say(`${file}: ${bom.components.length} packages`);
  }
}

function digestOf({ image, version }: Place, suffix: string): string {
  return output(
    'docker',
    'buildx',
    'imagetools',
    'inspect',
    `${image}:${version}${suffix}`,
    '--format',
    '{{.Manifest.Digest}}',
  );
}

function commandsOf(step: string, dryRun: boolean): Command[] {
  const where = place();
  switch (step) {
    case 'image':
      return image(where, process.arch);
    case 'index':
      return index(where);
    case 'sign':
      return sign(
        where,
        IMAGES.map(({ suffix }) => (dryRun ? `sha256:${'0'.repeat(64)}` : digestOf(where, suffix))),
        `${SBOM_FOLDER}/x64.cdx.json`,
      );
    case 'charts':
      return charts(where);
    case 'page': {
      const folder = join(ROOT, SBOM_FOLDER);
      const files = existsSync(folder) ? readdirSync(folder).map((name) => `${SBOM_FOLDER}/${name}`) : [];
      return page(where.version, changesOf(read('CHANGELOG.md'), where.version), files);
    }
    default:
      throw new FatalError(`no step ${step}; see npm run release -- --help`, 2);
  }
}

async function runAll(commands: readonly Command[], dryRun: boolean): Promise<void> {
  for (const { argv, stdin } of commands) {
    say(`$ ${argv.join(' ')}`);
    if (dryRun) continue;
    const [program = '', ...args] = argv;
    const child = spawn(program, args, { cwd: ROOT, stdio: ['pipe', 'inherit', 'inherit'] });
    child.stdin.end(stdin);
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new FatalError(`${program} ${args[0]} ended with ${code}`);
  }
}

async function run(args: string[]): Promise<void> {
  const { values, positionals } = parse(args);
  const [step = ''] = positionals;
  const dryRun = values['dry-run'] ?? false;
  if (values.help) process.stdout.write(HELP);
  else if (step === 'check') check();
  else if (step === 'notice') await writeNotice(values.check ?? false);
  else if (step === 'sbom') await writeSboms();
  else if (step === 'describe') describe();
  else {
    const commands = commandsOf(step, dryRun || step !== 'sign' || env('DOCKERHUB_TOKEN') === '');
    if (step !== 'page' && env('DOCKERHUB_TOKEN') === '' && !dryRun)
      say(`${step}: skipped, since DOCKERHUB_TOKEN is not set`);
    else await runAll(commands, dryRun);
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: { 'dry-run': { type: 'boolean' }, check: { type: 'boolean' }, help: { type: 'boolean' } },
    });
  } catch (error) {
    throw new FatalError(`${messageOf(error)}; see npm run release -- --help`, 2);
  }
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`release: ${messageOf(error)}\n`);
  process.exitCode = error instanceof FatalError ? error.exitCode : 1;
}
