import type { Logger } from './logger.ts';

/** What a request spends its time with: being read, waiting, being run, and its answer being printed. */
export type Stage = 'read' | 'queue' | 'run' | 'print';

export type Attributes = Readonly<Record<string, string | number>>;

/** The trace of one request. Times are in ms on performance.now()'s clock. */
export interface Trace {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** Of this request's own span, as W3C's header of that name has it. */
  readonly traceparent: string;
  /** Adds a stage, after its end. */
  stage(name: Stage, start_ms: number, end_ms: number, attributes?: Attributes): void;
  /** Ends the trace, with what is known by then. @param failed whether it was this server's fault */
  end(name: string, attributes: Attributes, failed: boolean): void;
}

/** Begins traces. */
export interface Tracer {
  /**
   * @param header gives a request's header by its lower-case name
   * @returns undefined where this request is not to be traced
   */
  begin(header: (name: string) => string | undefined, start_ms: number): Trace | undefined;
  /** Sends what has not been sent yet. */
  close(): Promise<void>;
}

/** What the traces say of their process. */
export interface TracedProcess {
  readonly runId: string;
  readonly version: string;
  readonly revision: string;
  readonly logger: Logger;
}
