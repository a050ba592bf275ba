import { join } from 'node:path';
import type { FolderEntry } from '../native/folder.ts';
import { newestFirst } from './status.ts';

/** NativeEngine.listFolder: the folder's own entry first. */
export type ListFolder = (folder: string, deep: boolean) => Promise<readonly FolderEntry[]>;

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

/** The numbered folders in a base path. Names that are no number are passed over without a word. */
export function versionFolders(basePath: string, entries: readonly FolderEntry[]): VersionFolders {
  const ignored: string[] = [];
  const folders = new Map<string, string>();
  const numbered = entries
    .filter(({ name }) => /^\d+$/.test(name))
    .sort((a, b) => a.name.length - b.name.length); // 5 before 05
  for (const { name, kind } of numbered) {
    const path = join(basePath, name);
    const version = versionOf(name);
    if (version === undefined) ignored.push(`${path}: its number is beyond int64`);
    else if (folders.has(version)) ignored.push(`${path}: version ${version} is in ${folders.get(version)}`);
    else if (kind === 'folder') folders.set(version, path);
    else ignored.push(`${path}: no folder`);
  }
  return { folders: new Map([...folders].sort(([a], [b]) => newestFirst(a, b))), ignored };
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
 * @throws Error (as a rejection) with the system's words where the folder is gone
 */
export async function contentsOf(folder: string, list: ListFolder): Promise<Contents> {
  const [own, ...within] = await list(folder, true);
  let changed_ms = own?.modified_ms ?? 0; // not its ctime, which a rename of the folder itself sets
  let bytes = 0;
  const lines = within
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, kind, identity, ...entry }) => {
      if (kind === 'other') return `${name} gone`; // since it was listed, or a link to nothing
      changed_ms = Math.max(changed_ms, entry.changed_ms);
      if (GRAPH_FILES.has(name) || name.startsWith('variables/')) bytes += entry.bytes;
      return `${name} ${identity} ${entry.bytes} ${entry.modified_ms} ${entry.changed_ms}`;
    });
  const hasGraph = within.some(({ name }) => GRAPH_FILES.has(name));
  return { fingerprint: lines.join('\n'), changed_ms, hasGraph, bytes };
}
