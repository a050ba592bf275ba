// What every step of the set-up is handed: where things are, and how to say what it does.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { wheels } from './wheels.js';

/**
 * @typedef {object} Context
 * @property {string} root the repository
 * @property {string} cache downloads and records of what is done; may be deleted at any time
 * @property {string} dist what is needed to run
 * @property {string} modules
 * @property {NodeJS.ProcessEnv} env
 * @property {string} arch as in process.arch
 * @property {import('./wheels.js').Wheel | undefined} wheel TensorFlow's, undefined if there is none for this machine
 * @property {(line: string) => void} say tells the user what is being done
 */

/** Ends the set-up; its message is all that the user sees: what happened, and what to do. */
export class SetupError extends Error {}

/**
 * @param {{ root?: string, env?: NodeJS.ProcessEnv, arch?: string, wheel?: import('./wheels.js').Wheel,
 *   say?: (line: string) => void }} [options]
 * @returns {Context}
 */
export function createContext({
  root = fileURLToPath(new URL('../', import.meta.url)),
  env = process.env,
  arch = process.arch,
  wheel = wheels[arch],
  say = (line) => process.stderr.write(`setup: ${line}\n`),
} = {}) {
  return {
    root,
    cache: join(root, '.cache'),
    dist: join(root, 'dist'),
    modules: join(root, 'node_modules'),
    env,
    arch,
    wheel,
    say,
  };
}

/**
 * Runs a program. Its output is shown when it fails, or as it comes on a terminal if `live` is set.
 *
 * @param {Context} context
 * @param {string} command
 * @param {string[]} args
 * @param {{ live?: boolean, cwd?: string, env?: Record<string, string> }} [options]
 * @returns {Promise<string>} its standard output, empty if shown
 */
export function run(context, command, args, { live = false, cwd = context.root, env = {} } = {}) {
  const shown = live && process.stderr.isTTY;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...context.env, ...env },
      stdio: ['ignore', shown ? process.stderr : 'pipe', shown ? 'inherit' : 'pipe'],
    });
    let output = '';
    let errors = '';
    child.stdout?.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      errors += chunk;
    });
    child.on('error', (error) => reject(new SetupError(`cannot run ${command}: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(output);
      const said = (errors + output).trim();
      reject(new SetupError(`${command} ${args[0] ?? ''} failed (${signal ?? code})${said && `:\n${said}`}`));
    });
  });
}
