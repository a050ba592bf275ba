import { linkSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { folderOf, type SavedModel } from '../models/saved.ts';

/** A folder with so many versions of a model that take no room: all their files are the same ones. */
export function linkVersions(root: string, model: SavedModel, count: number): string {
  const from = join(folderOf(root, model), '1');
  const folder = join(root, '.cache/bench/versions', `${model}-${count}`);
  rmSync(folder, { recursive: true, force: true });
  for (let version = 1; version <= count; version++) linkFolder(from, join(folder, String(version)));
  return folder;
}

/** A copy that takes no room: every file is the same one. */
export function linkFolder(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) linkFolder(source, target);
    else linkSync(source, target);
  }
}
