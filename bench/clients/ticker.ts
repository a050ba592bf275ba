/**
 * A worker thread that wakes the main one when an arrival is due. Node's timers are whole milliseconds, many requests late
 * at 10,000 a second, and a busy loop would take a core from the server; Atomics.wait sleeps as exactly as the kernel.
 * A wake-up costs both threads some 20 µs, so there is at most one every LEAST_MS (each answer looks for due arrivals,
 * too), and only once the last one was seen: a busy main thread is not flooded.
 */
import { parentPort, workerData } from 'node:worker_threads';

const LEAST_MS = 0.4;

export interface TickerData {
  /** hrtime_ms() of the first arrival; 0 until there is one. */
  readonly start_ms: Float64Array<SharedArrayBuffer>;
  readonly interval_ms: number;
  /** [0]: 1 while a tick is on its way; [1]: 1 to end. */
  readonly state: Int32Array<SharedArrayBuffer>;
}

/** A clock that all threads of a process share, ms. */
export function hrtime_ms(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function isTickerData(data: unknown): data is TickerData {
  return typeof data === 'object' && data !== null && 'start_ms' in data && 'state' in data;
}

if (isTickerData(workerData)) {
  const { start_ms, interval_ms, state } = workerData;
  const never = new Int32Array(new SharedArrayBuffer(4));
  while (Atomics.load(state, 1) === 0) {
    const elapsed = hrtime_ms() - (start_ms[0] ?? 0) + LEAST_MS;
    const due = Math.ceil(elapsed / interval_ms) * interval_ms;
    Atomics.wait(never, 0, 0, Math.max(LEAST_MS, due - elapsed + LEAST_MS));
    if (Atomics.compareExchange(state, 0, 0, 1) === 0) parentPort?.postMessage(null);
  }
}
