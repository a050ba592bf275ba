import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, release, totalmem } from 'node:os';
import { basename, join, relative } from 'node:path';
import type { Settings as ModelSettings } from './engine/settings.ts';
import { git } from './git.ts';
import type { Pinning, Ready, Tools } from './plan.ts';
import type { Settings } from './settings.ts';
import { onPath } from './targets/found.ts';
import { modelDigest, models } from './targets/models.ts';
import type { Target } from './targets/target.ts';

export interface Described {
  readonly root: string;
  readonly mode: string;
  readonly settings: Settings;
  readonly modelSettings: ModelSettings;
  /** Real models and the targets that serve them. */
  readonly ofModels: { readonly models: readonly object[]; readonly targets: readonly object[] };
  readonly tools: Tools;
  readonly pinning: Pinning;
  readonly targets: readonly Target[];
  readonly ready: ReadonlyMap<string, Ready>;
  readonly args: readonly string[];
  readonly started: string;
  readonly elapsed_s: number;
  /** Threads of the idle server, by target, as far as measured. */
  readonly threads: ReadonlyMap<string, number>;
}

/** Everything that a reader needs to judge or repeat the figures, as README.md describes environment.json. */
export function describe(about: Described) {
  const { root, mode, settings, pinning, started, elapsed_s, targets, ready, threads } = about;
  return {
    schema: 1,
    mode,
    started,
    finished: new Date().toISOString(),
    elapsed_s: Math.round(elapsed_s),
    command: [
      'npm run bench',
      ...(about.args.length > 0 ? ['--'] : []),
      ...about.args.map((arg) => shown(root, arg)),
    ].join(' '),
    commit: git(root, ['rev-parse', 'HEAD']),
    dirty: git(root, ['status', '--porcelain', '--untracked-files=no']) !== '',
    machine: machine(),
    pinning,
    tools: versions(root, about.tools),
    model: { path: `${models.celsius}/1`, sha256: modelDigest(join(root, models.celsius, '1')) },
    settings,
    models: about.ofModels.models,
    model_settings: about.modelSettings,
    model_targets: about.ofModels.targets,
    payloads: Object.fromEntries(targets.map(({ id, ask }) => [id, payload(ask.path, ask.body([212]))])),
    targets: targets.map((target) =>
      describeTarget(root, target, ready.get(target.id), threads.get(target.id) ?? null),
    ),
  };
}

function payload(path: string, body: string) {
  return {
    method: 'POST',
    path,
    body,
    answer: path === '/celsius' ? '{"celsius":100,"runId":"…"}' : '{"predictions":[100]}',
  };
}

function describeTarget(root: string, target: Target, ready: Ready | undefined, threads: number | null) {
  const { id, label, workers } = target;
  if (!ready) return { id, label, measured: false };
  const { launcher, facts } = ready.found;
  return {
    id,
    label,
    measured: true,
    how: launcher.how,
    ...howStarted(root, ready),
    ...facts,
    workers,
    threads,
  };
}

function howStarted(root: string, { found: { launcher } }: Ready) {
  if (launcher.how === 'url') return { command: launcher.origin, flags: [], environment: {} };
  if (launcher.how === 'image') {
    const { image, args, env } = launcher.launch('celsius');
    return { command: ['docker run', image, ...args].join(' '), flags: args, environment: env };
  }
  const { argv, env } = launcher.launch('celsius', 8501, 8500);
  const flags = argv.slice(1).map((arg) => shown(root, arg));
  const environment = Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, shown(root, value)]),
  );
  return { command: [shown(root, argv[0]), ...flags].join(' '), flags, environment };
}

/** An argument without what is only true on this machine: paths from the repository, other programs by name. */
export function shown(root: string, arg: string): string {
  return arg
    .split('=')
    .map((part) => {
      if (!part.startsWith('/') || part.length === 1) return part;
      const path = relative(root, part);
      return path.startsWith('..') || part === process.execPath ? basename(part) : path;
    })
    .join('=');
}

/** The machine that everything ran on. */
export function machine() {
  const limit = process.constrainedMemory();
  const cpuinfo = read('/proc/cpuinfo');
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory_bytes: totalmem(),
    memory_limit_bytes: limit > 0 && limit < totalmem() ? limit : null,
    kernel: release(),
    os: /^PRETTY_NAME="?([^"\n]*)/m.exec(read('/etc/os-release'))?.[1] ?? 'unknown',
    architecture: arch(),
    virtualized: /^flags.*\bhypervisor\b/m.test(cpuinfo),
    runner: runnerIn(process.env),
  };
}

/** Which of GitHub's shared runners this is, whose figures are not to be mixed with others'; null elsewhere. */
export function runnerIn(env: Readonly<Record<string, string | undefined>>): string | null {
  if (env.GITHUB_ACTIONS !== 'true') return null;
  const { RUNNER_ENVIRONMENT = 'unknown', ImageOS, ImageVersion, RUNNER_OS, RUNNER_ARCH } = env;
  const image = [ImageOS ?? RUNNER_OS, ImageVersion, RUNNER_ARCH].filter((part) => part !== undefined);
  return `GitHub Actions, ${RUNNER_ENVIRONMENT}: ${image.join(' ')}`;
}

function versions(root: string, tools: Tools) {
  const ofPackage = (name: string) =>
    /"version": *"([^"]+)"/.exec(read(join(root, 'node_modules', name, 'package.json')))?.[1] ?? null;
  // wrk prints its version and its usage, and fails
  const printed = (program: string | null, flag: string) =>
    program === null
      ? null
      : (/\d+\.\d+(\.\d+)?/.exec(spawnSync(program, [flag], { encoding: 'utf8' }).stdout)?.[0] ?? null);
  return {
    node: process.versions.node,
    autocannon: ofPackage('autocannon'),
    undici: ofPackage('undici'),
    locust: printed(tools.locust, '--version'),
    wrk: printed(tools.wrk, '--version'),
    h2load: printed(onPath('h2load'), '--version'),
    python: printed('python3', '--version'),
  };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
