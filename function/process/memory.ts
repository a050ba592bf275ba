import { LoadingRoom } from '../models/loading-room.ts';
import { whyNoRoom } from '../models/memory-limit.ts';
import type { NativeEngine } from '../native/engine.ts';

/** The first time is not before the answer to who waited for the start: the pages that are needed again cost 0.5 ms. */
const EVERY_MS = 1000;
/** After the last request: V8 frees what requests had when it next collects, which may be that much later. */
const TRIM_ON_FOR_MS = 30_000;
/** Without more than a few requests a second, such as probes, and without an unload: then a pause of some 15 ms is in nobody's way. */
const REST_MS = 10_000;
const FEW = 5;
/** Of the time, at most: on a heap of gigabytes a trim takes longer than the 0.2 ms of a small model's. */
const TRIM_SHARE = 0.001;

/**
 * Gives memory that is not needed any more back to the system, from a second after the start on.
 * - Once, what only a start needs of Node's and TensorFlow's code: some 200 of 255 MB. They are pages of files, so the
 *   kernel would take them itself where memory is short; given back they do not count as this process' memory.
 * - As long as requests come, and a little longer, what glibc keeps of freed memory: 5 MB once V8 has compiled what is
 *   hot, and all that a burst of large requests took, which it would keep for ever.
 * - Once it rests, what versions left in V8's heap that were unloaded since: some 10 KB each, and V8 makes room only when
 *   it is short of it.
 *
 * @param requests how many were answered so far: a process at rest is left alone
 * @param unloads how many versions were unloaded so far
 */
export function keepMemorySmall(
  native: Pick<NativeEngine, 'releasePages' | 'trimHeap'>,
  requests: () => number,
  unloads: () => number,
  restMs = REST_MS,
): void {
  let seen = -1;
  let seenAt_ms = 0;
  let collected = 0;
  let unloaded = 0;
  let busyAt_ms = 0;
  let notBefore_ms = 0;
  let isTrimming = false;
  setTimeout(() => native.releasePages(), EVERY_MS).unref();
  setInterval(async () => {
    const start = performance.now();
    const answered = requests();
    if (answered !== seen) seenAt_ms = start;
    if (answered > seen + FEW || unloads() !== unloaded) busyAt_ms = start;
    seen = answered;
    unloaded = unloads();
    if (unloaded !== collected && start > busyAt_ms + restMs) {
      collected = unloaded;
      await collectGarbage();
      await native.trimHeap();
      return;
    }
    if (isTrimming || start < notBefore_ms || start > seenAt_ms + TRIM_ON_FOR_MS) return;
    isTrimming = true;
    await native.trimHeap();
    isTrimming = false;
    const end = performance.now();
    notBefore_ms = end + (end - start) / TRIM_SHARE;
  }, EVERY_MS).unref();
}

/** All of V8's garbage. V8 has no other way to ask for that. */
async function collectGarbage(): Promise<void> {
  const [{ setFlagsFromString }, { runInNewContext }] = await Promise.all([
    import('node:v8'),
    import('node:vm'),
  ]);
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  if (typeof collect === 'function') collect();
}

/** After a model was unloaded: what it had of tensors and of the heap, and what loading one needs of TensorFlow's code. */
export async function giveMemoryBack(
  native: Pick<NativeEngine, 'releasePages' | 'trimHeap' | 'trimTensors'>,
): Promise<void> {
  await native.trimTensors();
  await native.trimHeap();
  setTimeout(() => native.releasePages(), EVERY_MS).unref();
}

/**
 * Memory for models under this container's limit.
 *
 * @param native undefined as long as there is none: before nothing is refused, memory is given back. What another event loop has
 *   of a model is not wanted once more
 */
export function loadingRoom(
  native: () => Pick<NativeEngine, 'trimHeap' | 'trimTensors' | 'shares'> | undefined,
): LoadingRoom {
  return new LoadingRoom(async (bytes, others, folder) => {
    const why = await whyNoRoom(bytes, others);
    if (why === undefined || native()?.shares(folder)) return undefined;
    await native()?.trimTensors();
    await native()?.trimHeap();
    return whyNoRoom(bytes, others);
  });
}
