import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { join } from 'node:path';

/** Editors write a file in several steps, and Git writes several files: what changes within this counts as one change. */
const SETTLE_MS = 30;
/** How long a server may take to end, before it is ended. */
const END_MS = 1000;

/**
 * @typedef {object} Serving
 * @property {() => void} stop ends the server
 * @property {Promise<void>} ended settles when it has ended
 */

/**
 * Runs main.ts of a folder until stop(), and starts it anew after each change of a source below the folder. A server that
 * ends by itself is started again by the next change.
 *
 * @param {object} options
 * @param {string} options.folder
 * @param {string[]} options.args of main.ts
 * @param {NodeJS.ProcessEnv} options.env PATH says which Node it is
 * @param {() => Promise<void>} options.prepare called before, where native sources changed; the old server goes on if it fails
 * @param {(line: string) => void} options.say
 * @returns {Serving}
 */
export function serveSources({ folder, args, env, prepare, say }) {
  /** @type {Set<string>} */
  const changed = new Set();
  let stopped = false;
  /** Ends the wait for a change. */
  let wake = () => {};

  const watcher = watch(folder, { recursive: true }, (_event, name) => {
    if (name === null || !isSource(name)) return;
    changed.add(name);
    wake();
  });

  const start = () => {
    const child = spawn('node', [join(folder, 'main.ts'), ...args], { env, stdio: 'inherit' });
    const ended = once(child, 'exit');
    let wanted = true;
    ended.then(([code, signal]) => {
      if (wanted) say(`the server ended (${signal ?? code}); waiting for a change`);
    });
    return async () => {
      wanted = false;
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), END_MS);
      if (child.exitCode === null && child.signalCode === null) await ended;
      clearTimeout(killer);
    };
  };

  const serve = async () => {
    let end = start();
    while (!stopped) {
      if (changed.size === 0) {
        await new Promise((resolve) => {
          wake = () => resolve(undefined);
        });
      }
      if (stopped) break;
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      const names = [...changed];
      changed.clear();
      say(`${names.join(', ')} changed`);
      try {
        if (names.some(isNative)) await prepare();
      } catch (error) {
        say(error instanceof Error ? error.message : String(error));
        continue;
      }
      await end();
      end = start();
    }
    await end();
  };

  return {
    stop: () => {
      stopped = true;
      watcher.close();
      wake();
    },
    ended: serve(),
  };
}

/** @param {string} name */
const isNative = (name) => /\.(cc|h)$/.test(name);

/** @param {string} name in the folder */
const isSource = (name) => /\.(ts|cc|h)$/.test(name) && !/^(fixtures|testing)\b|\.test\.ts$/.test(name);
