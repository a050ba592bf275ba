import { Distribution, LATENCY_BUCKETS } from './distribution.ts';

/** A run of a small model takes some microseconds. */
const RUN_BUCKETS = [0.00001, 0.000025, 0.00005, ...LATENCY_BUCKETS];
const ROWS_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 16384, 65536];

/** Why a call ended without an answer of the model: its client had gone, its deadline passed, or too much waited. */
export type DropReason = 'gone' | 'deadline' | 'full';

/** What a call failed with: its body or tensors are none of the signature's, or the model's run refused them. */
export type FailReason = 'request' | 'run';

/** What is done for one version of a model; times in seconds. Its runner holds it: nothing is looked up for a request. */
export class ModelMeter {
  /** Calls that callers made; warming up makes none. */
  asked = 0;
  readonly failures: Record<FailReason, number> = { request: 0, run: 0 };
  /** From being read to being run on the pool. */
  readonly queue = new Distribution(LATENCY_BUCKETS);
  readonly run = new Distribution(RUN_BUCKETS);
  /** Of each run. */
  readonly rows = new Distribution(ROWS_BUCKETS);
  /** Reading of a large body, on the pool. */
  readonly parse = new Distribution(LATENCY_BUCKETS);
  readonly drops: Record<DropReason, number> = { gone: 0, deadline: 0, full: 0 };

  queued(seconds: number, traceId?: string): void {
    this.queue.record(seconds, traceId);
  }

  ran(seconds: number, rows: number, traceId?: string): void {
    this.run.record(seconds, traceId);
    this.rows.record(rows);
  }

  parsed(seconds: number): void {
    this.parse.record(seconds);
  }

  dropped(reason: DropReason): void {
    this.drops[reason]++;
  }

  failed(reason: FailReason): void {
    this.failures[reason]++;
  }
}
