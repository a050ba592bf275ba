import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { ModelName } from './models.ts';
import type { Found, Image, Where } from './target.ts';

const run = promisify(execFile);

/** A program's standard output, or null when it is not there or fails. */
export async function outputOf(program: string, args: readonly string[]): Promise<string | null> {
  try {
    return (await run(program, args, { maxBuffer: 1 << 24 })).stdout;
  } catch {
    return null;
  }
}

export async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}

/** A program's file by its name, as a shell would find it; null when there is none. */
export function onPath(program: string): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, program)).find((file) => existsSync(file)) ?? null;
}

/** A target that was given as a URL or as an image on the command line; null when it was not. */
export async function given(
  where: Where,
  server: string,
  launch: (image: string, model: ModelName) => Image,
): Promise<Found | string | null> {
  const origin = where.urls.get(server);
  if (origin !== undefined) {
    const facts = {
      version: null,
      digest: null,
      linkage: null,
      notes: 'Given as a URL: its process is not ours to see.',
    };
    return { launcher: { how: 'url', origin }, facts };
  }
  const image = where.images.get(server);
  if (image === undefined) return null;
  const inspected = await outputOf('docker', ['image', 'inspect', '-f', '{{.Id}}', image]);
  if (inspected === null) return `image ${image} is not here: docker pull ${image}`;
  const facts = { version: image, digest: inspected.trim(), linkage: null, notes: '' };
  return { launcher: { how: 'image', launch: (model) => launch(image, model) }, facts };
}
