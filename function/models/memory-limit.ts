import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RequestError } from '../errors.ts';

/** A group of processes whose memory is limited, and what of it could be given to a model. */
export interface Memory {
  readonly limitBytes: number;
  readonly freeBytes: number;
}

/** One version of Linux' control groups: where its files are and what they are called. */
interface Hierarchy {
  readonly mount: string;
  readonly limit: string;
  readonly usage: string;
  /** The entry of memory.stat for pages of files that nobody used of late: they are given up where memory is short. */
  readonly inactive: string;
}

const V2: Hierarchy = {
  mount: '',
  limit: 'memory.max',
  usage: 'memory.current',
  inactive: 'inactive_file',
};
const V1: Hierarchy = {
  mount: 'memory',
  limit: 'memory.limit_in_bytes',
  usage: 'memory.usage_in_bytes',
  inactive: 'total_inactive_file',
};

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
  const lines = (await textOf(self))?.trim().split('\n') ?? [];
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

async function memoryOf(folder: string, { limit, usage, inactive }: Hierarchy): Promise<Memory | undefined> {
  const limitBytes = Number((await textOf(join(folder, limit))) ?? Number.NaN); // "max" is no number
  if (!(limitBytes < NO_LIMIT)) return undefined;
  const used = Number((await textOf(join(folder, usage))) ?? 0);
  const stat = (await textOf(join(folder, 'memory.stat'))) ?? '';
  const reclaimable = Number(new RegExp(`^${inactive} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0);
  return { limitBytes, freeBytes: Math.max(limitBytes - used + reclaimable, 0) };
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return undefined; // another version of control groups, or none
  }
}

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;

/**
 * Says why a model would not fit into memory; undefined where it does, or where there is no limit. A loaded model takes
 * at least what its graph and variables take on disk.
 *
 * @param bytes of these files
 * @param others of those of models that are being loaded now, and are not in memory yet
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
    `it takes ${mebibytes(bytes)} of memory or more, and ${mebibytes(found.freeBytes)}${meanwhile} are free of this container's limit ` +
    `of ${mebibytes(found.limitBytes)}; raise the limit, or serve fewer models or versions (UNLOAD_FIRST=true needs no ` +
    'room for two versions at once)'
  );
}

export type WhyNoRoom = (bytes: number, others: number) => Promise<string | undefined>;

/** Memory for models that are being loaded: what one of them is about to take is not free for another. */
export class LoadingRoom {
  readonly #whyNoRoom: WhyNoRoom;
  #held = 0;

  constructor(whyNoRoom: WhyNoRoom) {
    this.#whyNoRoom = whyNoRoom;
  }

  /**
   * Loads a model of so many bytes.
   *
   * @throws RequestError (as a rejection) RESOURCE_EXHAUSTED where it would not fit; what `load` throws
   */
  async hold<T>(bytes: number, folder: string, load: () => Promise<T>): Promise<T> {
    const others = this.#held;
    this.#held += bytes;
    try {
      const noRoom = await this.#whyNoRoom(bytes, others);
      if (noRoom !== undefined) throw new RequestError('RESOURCE_EXHAUSTED', `${folder}: ${noRoom}`);
      return await load();
    } finally {
      this.#held -= bytes;
    }
  }
}
