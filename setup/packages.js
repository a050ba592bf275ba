// npm's packages, and which Node runs what is built from them.
import { existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { run, SetupError } from './context.js';
import { isOlder } from './glibc.js';

/** @typedef {import('./context.js').Context} Context */
/** @typedef {{ version?: string, integrity?: string, optional?: boolean }} LockedPackage */

/**
 * Installs what package-lock.json says, unless it is there already.
 * @param {Context} context
 */
export async function installPackages(context) {
  if (packagesMatch(context)) return;
  context.say("installing npm's packages (half a minute)");
  await run(context, 'npm', ['ci', '--no-audit', '--no-fund'], { live: true });
}

/**
 * npm writes node_modules/.package-lock.json last, so that an interrupted installation is seen as well. Optional
 * packages may be missing: they are for another system.
 *
 * @param {Context} context
 */
export function packagesMatch(context) {
  const installed = readLock(join(context.modules, '.package-lock.json'));
  return Object.entries(readLock(join(context.root, 'package-lock.json'))).every(([path, wanted]) => {
    const found = installed[path];
    if (path === '' || (found === undefined && wanted.optional)) return true;
    return found?.version === wanted.version && found?.integrity === wanted.integrity;
  });
}

/**
 * @param {string} file
 * @returns {Record<string, LockedPackage>}
 */
function readLock(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return {};
  }
}

/** What the server needs (undici 8 does). */
const OLDEST_NODE = '22.19';

/**
 * The packages node-linux-* put a current Node into node_modules/.bin, which npm's scripts find before the machine's:
 * so the server runs on it even where npm itself runs on an old one. SYSTEM_NODE=1 takes that away, for a machine
 * whose own Node is to be used, and for testing on several versions.
 *
 * @param {Context} context
 */
export async function chooseNode(context) {
  const link = join(context.modules, '.bin', 'node');
  const packaged = join('..', `node-linux-${context.arch}`, 'bin', 'node');
  if (context.env.SYSTEM_NODE === '1') rmSync(link, { force: true });
  else if (existsSync(link)) return;
  else if (existsSync(join(context.modules, '.bin', packaged))) return symlinkSync(packaged, link);
  const version = (await run(context, 'node', ['--version'])).trim().slice(1);
  if (!isOlder(version, OLDEST_NODE)) return;
  throw new SetupError(
    `Node ${version} is too old for the server, which needs ${OLDEST_NODE}: unset SYSTEM_NODE, so that npm's own package of Node is used, or install a newer one`,
  );
}
