import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { loadBinding } from '../native/binding.ts';
import { testEngine } from '../testing/app.ts';
import { keepMemorySmall } from './memory.ts';

const MIB = 2 ** 20;

/** Below the size from which glibc maps an allocation on its own, and gives it back when it is freed. */
const TENSOR_BYTES = MIB / 16;
const TENSORS = 2048;

const DT_FLOAT = 1;

const binding = loadBinding(join(import.meta.dirname, '..', '..', 'dist', 'native'));

/** Memory of this process that no file holds, MiB. */
function anonymousMib(): number {
  const kib = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return (Number(kib) * 1024) / MIB;
}

t.test('what a burst took is given back while requests come', async (t) => {
  const data = new Float32Array(TENSOR_BYTES / 4).fill(1);
  const before = anonymousMib();
  const tensors = Array.from({ length: TENSORS }, () => binding.createTensor([data.length], DT_FLOAT, data));
  const last = tensors.pop() ?? 0; // the heap's end stays in use, as it does in a server
  t.teardown(() => binding.deleteTensor(last));
  for (const tensor of tensors) binding.deleteTensor(tensor);
  const kept = anonymousMib() - before;
  t.ok(kept > 100, `glibc keeps ${kept} of ${(TENSORS * TENSOR_BYTES) / MIB} MiB`);

  let requests = 0;
  keepMemorySmall(
    testEngine(),
    () => ++requests,
    () => 0,
  );
  let left = kept;
  for (let tries = 200; tries > 0 && left > 20; tries--) {
    await sleep(100);
    left = anonymousMib() - before;
  }
  t.ok(left <= 20, `${left} MiB are left`);
});

t.test('what unloaded versions left is collected once the process rests', async (t) => {
  let isCollected = false;
  const registry = new FinalizationRegistry(() => {
    isCollected = true;
  });
  registry.register({ left: 'by a version' }, 'it');
  keepMemorySmall(
    testEngine(),
    () => 1,
    () => 1,
    1000,
  );
  for (let tries = 300; tries > 0 && !isCollected; tries--) await sleep(100);
  t.ok(isCollected);
});
