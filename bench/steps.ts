import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LoadClient } from './clients/client.ts';
import { type Part, Progress } from './progress.ts';
import type { Measured, Store } from './store.ts';

/** The smallest part of a run: it is done as a whole or, after Ctrl-C, done again. */
export interface StepOf<B, F extends string> extends Part {
  run(bench: B): Promise<Measured<F>>;
}

export interface Run<B> {
  readonly store: Store;
  readonly steps: readonly StepOf<B, string>[];
  /** Where clients may run, as taskset takes it; null: anywhere. */
  readonly clientCpus: string | null;
  say(line: string): void;
  /** What steps have at hand. */
  benchOf(client: LoadClient, signal: AbortSignal): B;
  environment(): unknown;
}

/**
 * Does the steps that are not done yet, and keeps each in the store.
 * @returns false when SIGINT or SIGTERM stopped it: what is done is written then
 * @throws what a step throws; what is done is written then, too
 */
export async function runSteps<B>({
  store,
  steps,
  clientCpus,
  say,
  benchOf,
  environment,
}: Run<B>): Promise<boolean> {
  const left = steps.filter(({ id }) => !store.isDone(id));
  const done = () => steps.filter(({ id }) => store.isDone(id)).length;
  if (left.length < steps.length) say(`going on: ${done()} of ${steps.length} steps were done before`);
  const stopped = new AbortController();
  const onSignal = () => stopped.abort(new Error('stopped'));
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  const progress = new Progress(process.stderr, steps, left);
  const client = await LoadClient.start(clientCpus);
  stopped.signal.addEventListener('abort', () => client.stop());
  const bench = benchOf(client, stopped.signal);
  try {
    for (const step of left) {
      progress.begin(step);
      const measured = await step.run(bench);
      stopped.signal.throwIfAborted(); // an aborted load may look like a server's failure
      store.add(step.id, progress.end(), measured);
    }
    return true;
  } catch (error) {
    store.write(environment());
    progress.close();
    if (!stopped.signal.aborted) throw error;
    say(
      `stopped; ${done()} of ${steps.length} steps are kept in ${store.partial}. The same command goes on.`,
    );
    return false;
  } finally {
    progress.close();
    client.stop();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

/** When a run was started first, before any Ctrl-C. */
export function startedAt({ partial }: Store): string {
  const file = join(partial, 'started');
  if (!existsSync(file)) writeFileSync(file, new Date().toISOString());
  return readFileSync(file, 'utf8');
}
