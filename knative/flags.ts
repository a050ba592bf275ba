import { parseArgs } from 'node:util';
import { FatalError, messageOf } from '../function/errors.ts';
import type { Io } from './io.ts';

/** One flag of the command line, as node:util's parseArgs takes it, with what `--help` says of it. */
export interface Flag {
  readonly type: 'string' | 'boolean';
  readonly multiple?: boolean;
  readonly default?: string;
  /** What stands for the value in `--help`. */
  readonly value?: string;
  readonly help: string;
}
export type Flags = Readonly<Record<string, Flag>>;

/** `npm run knative -- NAME …` */
export interface Verb {
  readonly summary: string;
  /** Arguments that are not flags, for the usage line. */
  readonly args?: string;
  readonly flags: Flags;
  run(argv: readonly string[], io: Io): Promise<void>;
}

export const commonFlags = {
  name: { type: 'string', default: 'celsius', value: 'NAME', help: 'the Knative Service' },
  kubeconfig: { type: 'string', value: 'FILE', help: 'default: $KUBECONFIG, ~/.kube/config, or in-cluster' },
  context: { type: 'string', value: 'NAME', help: "default: the kubeconfig's current one" },
  namespace: { type: 'string', value: 'NS', help: "default: the context's, or default" },
  output: { type: 'string', default: 'text', value: 'text|json', help: 'how results are printed' },
  help: { type: 'boolean', help: 'show this' },
} as const satisfies Flags;

export const ingressFlags = {
  ingress: {
    type: 'string',
    value: 'URL',
    help: "where requests are sent, with the Service's name in the Host header; default: its own URL, or the cluster's ingress",
  },
  'request-timeout': { type: 'string', default: '60', value: 'SECONDS', help: 'for one answer' },
} as const satisfies Flags;

export const timeoutFlag = {
  timeout: { type: 'string', default: '300', value: 'SECONDS', help: 'how long to wait' },
} as const satisfies Flags;

export function usageError(message: string): FatalError {
  return new FatalError(message, 2);
}

/** @throws {FatalError} with exit code 2: an unknown flag, a missing value */
export function parse<T extends Flags>(argv: readonly string[], flags: T) {
  try {
    const parsed = parseArgs({ args: [...argv], options: flags, allowPositionals: true, strict: true });
    return parsed;
  } catch (error) {
    throw usageError(messageOf(error).split('. ')[0] ?? 'bad usage');
  }
}

/** @throws {FatalError} with exit code 2 when `text` is not a number from `min` to `max` */
export function number(flag: string, text: string, min: number, max = Number.MAX_SAFE_INTEGER): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= min && value <= max)) {
    const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`;
    throw usageError(`--${flag} ${JSON.stringify(text)}: want a number, ${range}`);
  }
  return value;
}

export function integer(flag: string, text: string, min: number, max?: number): number {
  const value = number(flag, text, min, max);
  if (!Number.isInteger(value)) throw usageError(`--${flag} ${JSON.stringify(text)}: want a whole number`);
  return value;
}

export function outputFormat(text: string): 'text' | 'json' {
  if (text === 'text' || text === 'json') return text;
  throw usageError(`--output ${JSON.stringify(text)}: want text or json`);
}

/** The lines of `--help`, one a flag. */
export function flagHelp(flags: Flags): string {
  const rows = Object.entries(flags).map(([name, f]) => {
    const fallback = f.default === undefined ? '' : ` (${f.default})`;
    const many = f.multiple ? '; may be repeated' : '';
    return [`  --${name}${f.value ? ` ${f.value}` : ''}`, `${f.help}${many}${fallback}`] as const;
  });
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, right]) => left.padEnd(width) + right).join('\n');
}
