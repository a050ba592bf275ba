import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The SavedModels that are served, by the name they are served under; folders are relative to the repository. */
export const models = {
  celsius: 'model/celsius',
  convolution: 'function/fixtures/convolution',
} as const;

export type ModelName = keyof typeof models;

/** SHA-256 over the names and contents of all files of a SavedModel, in the order of their names. */
export function modelDigest(folder: string): string {
  const hash = createHash('sha256');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const file of files) {
    hash.update(`${file.slice(folder.length)}\0`);
    hash.update(readFileSync(file));
  }
  return hash.digest('hex');
}
