// npm run ci -- program IMAGE PATH FILE: takes one program out of an image, by docker.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

const USAGE =
  'Usage: npm run ci -- program IMAGE PATH FILE\n\nCopies PATH of the image to FILE, by docker.\n';

/** @returns what docker says, or undefined where it fails: its own words have been shown then */
function docker(...args: string[]): string | undefined {
  const { status, stdout, error } = spawnSync('docker', args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (error !== undefined) process.stderr.write(`docker: ${error.message}\n`);
  return status === 0 ? stdout.trim() : undefined;
}

function copyOut(image: string, path: string, file: string): boolean {
  const container = docker('create', image); // pulls it where it is not here yet
  if (container === undefined) return false;
  mkdirSync(dirname(file), { recursive: true });
  const copied = docker('cp', `${container}:${path}`, file) !== undefined;
  docker('rm', container);
  return copied;
}

const [image, path, file, ...others] = process.argv.slice(2);
if (image === '--help') process.stdout.write(USAGE);
else if (image === undefined || path === undefined || file === undefined || others.length > 0) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else process.exitCode = copyOut(image, path, file) ? 0 : 1;
