import { type FileName as ModelFileName, columns as modelColumns } from './engine/schema.ts';
import { columns } from './schema.ts';

/** A file about real models, whose columns are bench/engine's. */
export type ModelFile = `models/${ModelFileName}`;

export function modelFile(name: ModelFileName): ModelFile {
  return `models/${name}`;
}

/** Columns of all files that a whole run may write. */
export const allColumns: Readonly<Record<string, readonly string[]>> = {
  ...columns,
  ...Object.fromEntries(
    Object.entries(modelColumns)
      .filter(([name]) => name !== 'not-measured')
      .map(([name, names]) => [`models/${name}`, names]),
  ),
};
