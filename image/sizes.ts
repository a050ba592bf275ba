/**
 * `node image/sizes.ts TARGET=IMAGE… > FILE`: what images take, unpacked and packed as registries keep them, as JSON for the
 * bench's --image-sizes. DOCKER (default `docker`) saves them. A layer that several have is packed once.
 */
import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { constants, createGzip, createZstdCompress } from 'node:zlib';

const exec = promisify(execFile);
/** As release/publish.ts has BuildKit pack them. */
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: Number(process.env.ZSTD_LEVEL || 11) } };

/** Bytes. */
export interface Size {
  readonly unpacked: number;
  readonly gzip: number;
  readonly zstd: number;
}

/** What was measured already, by the layer's digest. */
export type Known = Map<string, Size>;

/**
 * @param known is read and added to
 * @returns the size of each layer, the lowest first. @throws Error where the image is not there or cannot be saved
 */
export async function layerSizes(docker: string, image: string, known: Known = new Map()): Promise<Size[]> {
  const folder = await mkdtemp(join(tmpdir(), 'image-sizes-'));
  try {
    const inspect = ['inspect', '--type=image', '--format', '{{json .RootFS.Layers}}', image];
    const digests: string[] = JSON.parse((await exec(docker, inspect)).stdout);
    await exec(docker, ['save', '-o', join(folder, 'image.tar'), image]);
    await exec('tar', ['-xf', 'image.tar'], { cwd: folder });
    const [manifest]: { Layers: string[] }[] = JSON.parse(
      await readFile(join(folder, 'manifest.json'), 'utf8'),
    );
    const sizes: Size[] = [];
    for (const [i, layer] of (manifest?.Layers ?? []).entries()) {
      const digest = digests[i] ?? layer;
      const size = known.get(digest) ?? (await sizeOf(join(folder, layer)));
      known.set(digest, size);
      sizes.push(size);
    }
    return sizes;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Of all layers together. */
export function total(layers: readonly Size[]): Size {
  const sum = (of: keyof Size) => layers.reduce((sum, layer) => sum + layer[of], 0);
  return { unpacked: sum('unpacked'), gzip: sum('gzip'), zstd: sum('zstd') };
}

async function sizeOf(file: string): Promise<Size> {
  const [unpacked, gzip, zstd] = await Promise.all([
    bytesOf(file),
    bytesOf(file, createGzip()),
    bytesOf(file, createZstdCompress(ZSTD)),
  ]);
  return { unpacked, gzip, zstd };
}

async function bytesOf(
  file: string,
  packer?: ReturnType<typeof createGzip | typeof createZstdCompress>,
): Promise<number> {
  let bytes = 0;
  const count = async (source: AsyncIterable<Buffer>) => {
    for await (const chunk of source) bytes += chunk.length;
  };
  if (packer) await pipeline(createReadStream(file), packer, count);
  else await pipeline(createReadStream(file), count);
  return bytes;
}

async function main(args: readonly string[]): Promise<void> {
  const docker = process.env.DOCKER || 'docker';
  const known: Known = new Map();
  const sizes: object[] = [];
  for (const arg of args) {
    const [target = '', image = ''] = arg.split('=');
    if (target === '' || image === '') throw new Error(`${arg}: give TARGET=IMAGE`);
    const layers = await layerSizes(docker, image, known);
    const { unpacked, ...packed } = total(layers);
    for (const [compression, compressed_bytes] of Object.entries(packed)) {
      const row = { target, image, digest: null, compression, layers: layers.length };
      sizes.push({ ...row, compressed_bytes, uncompressed_bytes: unpacked });
    }
  }
  process.stdout.write(`${JSON.stringify(sizes, null, 2)}\n`);
}

if (import.meta.main) await main(process.argv.slice(2));
