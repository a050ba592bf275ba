import { parseArgs } from 'node:util';
import { FatalError } from '../errors.ts';
import type { Option } from './option.ts';
import { OPTIONS, type Options } from './options.ts';

/** `MODEL_NAME` → `model-name`: the flag is the variable's name in kebab-case. */
export const flagOf = (option: { readonly env: string }): string =>
  option.env.toLowerCase().replaceAll('_', '-');

export type Command = { run: 'serve'; options: Options } | { run: 'help' } | { run: 'version' };

/**
 * Reads the command line and the environment; a flag wins over a variable, a variable over the default. An empty
 * variable counts as not set, since that is how charts and compose files leave one out.
 *
 * @throws FatalError with exit code 2 that names the bad flag or variable and what is allowed
 */
export function parseCommand(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Command {
  const flags = parseFlags(argv);
  if (flags.help !== undefined) return { run: 'help' };
  if (flags.version !== undefined) return { run: 'version' };
  const value = <T>(option: Option<T>): T => {
    const name = flagOf(option);
    const fromFlag = flags[name];
    const given = typeof fromFlag === 'string' ? fromFlag : env[option.env] || option.default;
    const parsed = option.parse(given);
    if (parsed !== undefined) return parsed;
    const source = typeof fromFlag === 'string' ? `--${name}` : option.env;
    throw new FatalError(`${source}: ${JSON.stringify(given)} is not ${option.allowed}`, 2);
  };
  const entries = Object.entries(OPTIONS).map(([key, option]) => [
    key,
    value<Options[keyof Options]>(option),
  ]);
  return { run: 'serve', options: Object.fromEntries(entries) as Options }; // keys and types are those of OPTIONS
}

function parseFlags(argv: readonly string[]): Record<string, string | boolean | undefined> {
  const options: Record<string, { type: 'string' | 'boolean'; short?: string }> = {
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean', short: 'v' },
  };
  for (const option of Object.values(OPTIONS)) options[flagOf(option)] = { type: 'string' };
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: false }).values as Record<
      string,
      string | boolean
    >;
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split(/[.\n] /)[0] ?? '') : String(error);
    throw new FatalError(`${reason}; see --help`, 2);
  }
}

/** The text of --help. */
export function helpText(): string {
  const rows = Object.values(OPTIONS).map((option: Option<unknown>) => [
    `--${flagOf(option)} VALUE`,
    option.env,
    `${option.help} [${option.default}]`,
  ]);
  // Of most: a name that is longer moves its own line alone.
  const width = (column: number) => [30, 22][column] ?? 0;
  const lines = rows.map(
    ([name = '', env = '', help = '']) => `  ${name.padEnd(width(0))}  ${env.padEnd(width(1))}  ${help}`,
  );
  return [
    'Serves a TensorFlow SavedModel over HTTP: POST /celsius, and the REST API of TensorFlow Serving.',
    '',
    'usage: node dist/main.js [--option VALUE …]; each option is an environment variable too',
    '',
    ...lines,
    `  ${'--help'.padEnd(width(0))}  ${''.padEnd(width(1))}  this text`,
    `  ${'--version'.padEnd(width(0))}  ${''.padEnd(width(1))}  the version`,
    '',
  ].join('\n');
}
