/**
 * A worker thread that wakes the main one every `period_ms`. Node's timers are whole milliseconds, which is many requests
 * late at 10,000 a second, and a busy loop would take a core from the server; Atomics.wait sleeps as exactly as the kernel.
 * A tick is only sent once the last one was seen, so a busy main thread is not flooded.
 */
import { parentPort, workerData } from 'node:worker_threads';

export interface TickerData {
  readonly period_ms: number;
  /** [0]: 1 while a tick is on its way; [1]: 1 to end. */
  readonly state: Int32Array<SharedArrayBuffer>;
}

function isTickerData(data: unknown): data is TickerData {
  return typeof data === 'object' && data !== null && 'period_ms' in data && 'state' in data;
}

if (isTickerData(workerData)) {
  const { period_ms, state } = workerData;
  const never = new Int32Array(new SharedArrayBuffer(4));
  while (Atomics.load(state, 1) === 0) {
    Atomics.wait(never, 0, 0, period_ms);
    if (Atomics.compareExchange(state, 0, 0, 1) === 0) parentPort?.postMessage(null);
  }
}
