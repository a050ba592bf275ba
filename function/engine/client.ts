import type { Trace } from '../telemetry/tracing.ts';

/** Who waits for an answer. */
export interface Client {
  /** True once nobody waits any more: what was not run yet need not be. */
  gone(): boolean;
  /** When it stops to wait, in ms on performance.now()'s clock; Infinity where it does not. */
  deadline(): number;
  /** Is told once the body is read, before the run: nobody looks at it any more. */
  bodyRead?(): void;
  /** Is told what becomes of the call, where the request is traced. */
  readonly trace?: Trace | undefined;
}

/**
 * Tells the trace of a call, where it has one, of the run that has just ended.
 *
 * @param nanoseconds of the run, its answers written
 * @param printing_ns of that, the time of writing; 0 where it is not known
 * @param rows of all calls that shared the run
 */
export function traceRun({ trace }: Client, nanoseconds: number, printing_ns: number, rows: number): void {
  if (trace === undefined) return;
  const ended_ms = performance.now();
  const printing_since_ms = ended_ms - printing_ns / 1e6;
  trace.stage('run', ended_ms - nanoseconds / 1e6, printing_since_ms, { 'celsiusify.rows': rows });
  if (printing_ns > 0) trace.stage('print', printing_since_ms, ended_ms);
}
