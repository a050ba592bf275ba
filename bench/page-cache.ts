import { execFileSync } from 'node:child_process';
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

const DISKS = '/sys/block';
const DROP = '/proc/sys/vm/drop_caches';

/** Why the page cache of this machine cannot be dropped, or null when it can. */
export function cannotDropCaches(): string | null {
  try {
    accessSync(DROP, constants.W_OK);
  } catch {
    return `the page cache cannot be dropped: ${DROP} is not ours to write (it takes root, outside of a container)`;
  }
  return process.getuid?.() === 0 ? null : 'the page cache cannot be dropped without root';
}

/** Writes dirty pages out and drops all clean ones that no process maps. */
export function dropCaches(): void {
  execFileSync('sync');
  writeFileSync(DROP, '3');
}

/**
 * A copy of the Node that runs this. Its own file's pages are mapped by this process, so they stay in memory whatever is
 * dropped; a server that is to start cold, or to pay for its own pages, has to run from a file that nobody else runs.
 */
export function copyOfNode(root: string): string {
  const copy = join(root, '.cache/bench/node', process.versions.node, 'node');
  if (!existsSync(copy)) {
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(process.execPath, copy);
  }
  return copy;
}

/**
 * Has disks that read further ahead than this read just so far. Some virtual machines are set to 8 MiB: there each
 * fault on a page of code drives out as much of what a small memory limit has room for.
 *
 * @returns what sets them back
 */
export function limitReadAhead(kib: number): () => void {
  const files = readdirSync(DISKS).map((disk) => join(DISKS, disk, 'queue/read_ahead_kb'));
  const before = files
    .filter((file) => existsSync(file))
    .map((file) => ({ file, kib: Number(readFileSync(file, 'utf8')) }))
    .filter((disk) => disk.kib > kib);
  for (const { file } of before) writeFileSync(file, String(kib));
  return () => {
    for (const disk of before) writeFileSync(disk.file, String(disk.kib));
  };
}
