import { readFileSync } from 'node:fs';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { FatalError, messageOf } from '../../function/errors.ts';
import { notMeasured, type Question } from '../plan.ts';
import { row, type StoredRow } from '../schema.ts';

/** What `--image-sizes FILE` holds: a list with one entry per image and compression. */
const Sizes = Compile(
  Type.Array(
    Type.Object({
      target: Type.String(),
      image: Type.String(),
      digest: Type.Union([Type.String(), Type.Null()]),
      compression: Type.Enum(['gzip', 'zstd']),
      layers: Type.Integer(),
      compressed_bytes: Type.Integer(),
      uncompressed_bytes: Type.Integer(),
    }),
  ),
);

/** Sizes are not measured here: image/sizes.ts writes them down. */
export const imageSize: Question = {
  name: 'image-size',
  title: 'image sizes, from image/sizes.ts',
  targets: [],
  steps() {
    return [
      {
        id: 'image-size',
        seconds: 0,
        run: async (bench) => ({ rows: rowsOf(bench.imageSizes), logs: [] }),
      },
    ];
  },
};

function rowsOf(file: string | null): StoredRow[] {
  if (file === null)
    return [notMeasured('image-size', '', '', 'no file of image sizes was given (--image-sizes)')];
  return readSizes(file).map((size) => row('image-size', size));
}

/** @throws {FatalError} when the file is not there or not of this form */
export function readSizes(file: string) {
  try {
    const sizes: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (!Sizes.Check(sizes)) {
      const [first] = Sizes.Errors(sizes);
      throw new Error(`${first?.instancePath ?? ''} ${first?.message ?? 'is not as it should be'}`);
    }
    return sizes;
  } catch (error) {
    throw new FatalError(`--image-sizes ${file}: ${messageOf(error)}`, 2);
  }
}
