import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where a server is that clients are tried on. */
export interface Ports {
  readonly http: number;
  readonly grpc: number;
}

/** One thing that a client was asked to do. */
export interface Check {
  readonly called: string;
  readonly ok: boolean;
  /** '' where all was as it should be, and nothing more is to be said. */
  readonly result: string;
}

/** Clients of others, of one package or program. */
export interface Clients {
  readonly name: string;
  readonly version: string;
  /** Gets what is needed. @throws Error that says why it cannot be had here */
  prepare(say: (line: string) => void): Promise<void>;
  check(ports: Ports): Promise<readonly Check[]>;
}

/** @throws Error that says what a command printed where it fails */
export async function output(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { stdout } = await run(program, [...args], {
    env: { ...process.env, ...env },
    maxBuffer: 1 << 26,
    timeout: 240_000,
  });
  return stdout;
}

/** A check by a function that throws where something is wrong. */
export async function checked(called: string, test: () => Promise<string | undefined>): Promise<Check> {
  try {
    return { called, ok: true, result: (await test()) ?? '' };
  } catch (error) {
    return { called, ok: false, result: error instanceof Error ? error.message : String(error) };
  }
}
