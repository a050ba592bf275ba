import type { Client } from '../engine/client.ts';
import type { Call } from '../grpc/call.ts';
import type { Trace } from '../telemetry/tracing.ts';

/** Who made a gRPC call, as the engine sees it. */
export class GrpcClient implements Client {
  readonly #call: Call;
  readonly #limit_ms: number;

  /** @param limit_ms longest that any call may wait */
  constructor(call: Call, limit_ms: number) {
    this.#call = call;
    this.#limit_ms = limit_ms;
  }

  get trace(): Trace | undefined {
    return this.#call.trace;
  }

  gone(): boolean {
    return this.#call.gone();
  }

  deadline(): number {
    return Math.min(this.#call.deadlineMs ?? Number.POSITIVE_INFINITY, performance.now() + this.#limit_ms);
  }
}
