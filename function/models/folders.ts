import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { newestFirst } from './status.ts';

const INT64_MAX = 2n ** 63n - 1n;

/** The files of which a SavedModel has one: binary, text, and the head of one that is split. */
const GRAPH_FILES: ReadonlySet<string> = new Set(['saved_model.pb', 'saved_model.pbtxt', 'saved_model.cpb']);

/** A number as a version: without leading zeros; undefined where it is none, or beyond int64. */
export function versionOf(text: string): string | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  const number = BigInt(text);
  return number > INT64_MAX ? undefined : number.toString();
}

export interface VersionFolders {
  /** Version → its folder's path, newest first. `05` is version 5. */
  readonly folders: ReadonlyMap<string, string>;
  /** Numbered entries that are left out, and why, in words. */
  readonly ignored: readonly string[];
}

/**
 * The numbered folders in a base path. Names that are no number are passed over without a word.
 *
 * @throws Error of node:fs where the base path cannot be listed
 */
export async function versionFolders(basePath: string): Promise<VersionFolders> {
  const ignored: string[] = [];
  const folders = new Map<string, string>();
  const entries = (await readdir(basePath, { withFileTypes: true }))
    .filter(({ name }) => /^\d+$/.test(name))
    .sort((a, b) => a.name.length - b.name.length); // 5 before 05
  for (const entry of entries) {
    const path = join(basePath, entry.name);
    const version = versionOf(entry.name);
    if (version === undefined) ignored.push(`${path}: its number is beyond int64`);
    else if (folders.has(version)) ignored.push(`${path}: version ${version} is in ${folders.get(version)}`);
    else if (await isFolder(entry, path)) folders.set(version, path);
    else ignored.push(`${path}: no folder`);
  }
  return { folders: new Map([...folders].sort(([a], [b]) => newestFirst(a, b))), ignored };
}

/** Whether an entry is a folder, or a link to one. */
export async function isFolder(entry: Dirent, path: string): Promise<boolean> {
  if (entry.isDirectory() || entry.isFile()) return entry.isDirectory();
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false; // a link to nothing
  }
}

/** What lies in a version's folder, without having read it. */
export interface Contents {
  /** Another one once a file was added, removed, written to or replaced. */
  readonly fingerprint: string;
  /** When that happened last, in ms since 1970 by the file system's clock. */
  readonly changed_ms: number;
  readonly hasGraph: boolean;
  /** Of the graph and the variables, which is about what a loaded model takes. */
  readonly bytes: number;
}

/**
 * Looks at all files in a version's folder. A folder that was copied beside and then renamed is as old as its files,
 * so it need not be waited for.
 *
 * @throws Error of node:fs where the folder is gone
 */
export async function contentsOf(folder: string): Promise<Contents> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  const stats = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
  let changed_ms = (await stat(folder)).mtimeMs; // not its ctime, which a rename of the folder itself sets
  let bytes = 0;
  const lines = paths.map((path, i) => {
    const one = stats[i];
    const name = path.slice(folder.length + 1);
    if (one === undefined) return `${name} gone`; // since it was listed, or a link to nothing
    changed_ms = Math.max(changed_ms, one.ctimeMs);
    if (GRAPH_FILES.has(name) || name.startsWith('variables/')) bytes += one.size;
    return `${name} ${one.ino} ${one.size} ${one.mtimeMs} ${one.ctimeMs}`;
  });
  const hasGraph = paths.some((path) => GRAPH_FILES.has(path.slice(folder.length + 1)));
  return { fingerprint: lines.join('\n'), changed_ms, hasGraph, bytes };
}
