import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { ROOT } from './versions.ts';

export interface Package {
  readonly name: string;
  readonly version: string;
  /** As its package.json says, an SPDX expression. */
  readonly licence: string;
  /** The lines of its licence that name who holds the copyright. */
  readonly copyright: readonly string[];
}

/** All programs in the image that are made of npm packages. */
const ENTRIES = ['function/main.ts', 'image/check.ts', 'image/health-check.ts'];

/** npm's packages of which the image holds code, by name: those that esbuild puts into a bundle. */
export async function bundledPackages(): Promise<Package[]> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ENTRIES,
    outdir: 'unused',
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
  });
  const folders = Object.keys(metafile.inputs).flatMap(
    (file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? [],
  );
  return [...new Set(folders)].map(packageIn).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The binding of TensorFlow is compiled from this package's source, and is in the image too. */
export const bindingPackage = (): Package => packageIn('node_modules/@tensorflow/tfjs-node');

function packageIn(folder: string): Package {
  const path = join(ROOT, folder);
  const { name, version, license }: { name: string; version: string; license?: string } = JSON.parse(
    readFileSync(join(path, 'package.json'), 'utf8'),
  );
  const file = readdirSync(path).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? '' : readFileSync(join(path, file), 'utf8');
  const lines = text.split('\n').map((line) => line.trim());
  const copyright = lines.filter((line) => /^copyright (\(c\)|©|\d)/i.test(line));
  return { name, version, licence: license ?? 'unknown', copyright };
}
