import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A group of processes whose memory is limited, and what of it could be given to a model. */
export interface Memory {
  readonly limitBytes: number;
  readonly freeBytes: number;
}

/** One version of Linux' control groups: where its files are and what they are called. */
interface Hierarchy {
  readonly mount: string;
  /** Beyond the first a process is ended, beyond the other one, of version 2, it is slowed down until it stands. */
  readonly limits: readonly string[];
  readonly usage: string;
  /** Entries of memory.stat for pages of files, which are given up where memory is short. */
  readonly files: RegExp;
}

const V2: Hierarchy = {
  mount: '',
  limits: ['memory.max', 'memory.high'],
  usage: 'memory.current',
  files: /^(?:in)?active_file (\d+)$/gm,
};
const V1: Hierarchy = {
  mount: 'memory',
  limits: ['memory.limit_in_bytes'],
  usage: 'memory.usage_in_bytes',
  files: /^total_(?:in)?active_file (\d+)$/gm,
};

/** Of pages of files: code that is in use all the time, and would have to be read again and again. */
const CODE_IN_USE = 16 << 20;

/** Limits of this size are none: version 1 says "no limit" by a number close to 2^63. */
const NO_LIMIT = 2 ** 60;

/**
 * The tightest memory limit on this process, its group's or one's above it.
 *
 * @param root where control groups are mounted
 * @param self /proc/self/cgroup
 * @returns undefined where there is no limit, or none that can be read
 */
export async function memoryLimit(
  root = '/sys/fs/cgroup',
  self = '/proc/self/cgroup',
): Promise<Memory | undefined> {
  const lines = textOf(self)?.trim().split('\n') ?? [];
  let tightest: Memory | undefined;
  for (const line of lines) {
    const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const hierarchy = controllers === '' ? V2 : controllers.split(',').includes('memory') ? V1 : undefined;
    if (hierarchy === undefined) continue;
    for (let group = path; ; group = dirname(group)) {
      const memory = await memoryOf(join(root, hierarchy.mount, group), hierarchy);
      if (memory && memory.freeBytes < (tightest?.freeBytes ?? Number.POSITIVE_INFINITY)) tightest = memory;
      if (group === '/' || group === '.') break;
    }
  }
  return tightest;
}

async function memoryOf(folder: string, { limits, usage, files }: Hierarchy): Promise<Memory | undefined> {
  const numbers = limits
    .map((limit) => Number(textOf(join(folder, limit)) ?? Number.NaN))
    .filter((limit) => limit < NO_LIMIT); // "max" is none
  if (numbers.length === 0) return undefined;
  const limitBytes = Math.min(...numbers);
  const used = Number(textOf(join(folder, usage)) ?? 0);
  const stat = await readFile(join(folder, 'memory.stat'), 'utf8').catch(() => ''); // the kernel adds it up: it may take a while
  const inFiles = [...stat.matchAll(files)].reduce((sum, [, bytes]) => sum + Number(bytes), 0);
  const reclaimable = Math.max(inFiles - CODE_IN_USE, 0);
  return { limitBytes, freeBytes: Math.max(limitBytes - used + reclaimable, 0) };
}

/** At once: the kernel's own number or line, in microseconds. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined; // another version of control groups, or none
  }
}

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;

/**
 * Says why a model would not fit into memory; undefined where it does, or where there is no limit.
 *
 * @param bytes that it takes while it is loaded
 * @param others that are promised to models that are being loaded now, and may not have been taken yet
 */
export async function whyNoRoom(
  bytes: number,
  others = 0,
  memory: () => Promise<Memory | undefined> = memoryLimit,
): Promise<string | undefined> {
  const found = await memory();
  if (found === undefined || bytes + others <= found.freeBytes) return undefined;
  const meanwhile = others === 0 ? '' : `, where ${mebibytes(others)} are being loaded,`;
  return (
    `it takes about ${mebibytes(bytes)} of memory to load it, and ${mebibytes(found.freeBytes)}${meanwhile} are free of this container's limit ` +
    `of ${mebibytes(found.limitBytes)}; raise the limit, or serve fewer models or versions (UNLOAD_FIRST=true needs no ` +
    'room for two versions at once)'
  );
}
