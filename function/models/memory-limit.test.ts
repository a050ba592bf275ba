import { join } from 'node:path';
import t from 'tap';
import { TestFolder } from '../testing/models.ts';
import { memoryLimit, whyNoRoom } from './memory-limit.ts';

const MB = 2 ** 20;

t.test('the limit that holds', async (t) => {
  const v1 = '12:cpu,cpuacct:/\n5:memory:/docker/abc\n';
  for (const { name, self, files, memory } of [
    { name: 'no control groups', self: '', files: {}, memory: undefined },
    { name: 'no limit', self: '0::/', files: { 'memory.max': 'max' }, memory: undefined },
    {
      name: 'version 2',
      self: '0::/',
      files: {
        'memory.max': 512 * MB,
        'memory.current': 300 * MB,
        'memory.stat': `anon 1\ninactive_anon 7\ninactive_file ${100 * MB}\nactive_file ${36 * MB}\n`,
      },
      memory: { limitBytes: 512 * MB, freeBytes: 332 * MB }, // all pages of files but 16 MB of code in use
    },
    {
      name: 'version 2, slowed down before the limit',
      self: '0::/',
      files: { 'memory.max': 512 * MB, 'memory.high': 400 * MB, 'memory.current': 300 * MB },
      memory: { limitBytes: 400 * MB, freeBytes: 100 * MB },
    },
    {
      name: 'version 2, with a limit by memory.high alone, of a group above',
      self: '0::/slice/unit',
      files: {
        'slice/memory.max': 'max',
        'slice/memory.high': 400 * MB,
        'slice/memory.current': 300 * MB,
        'slice/unit/memory.max': 'max',
        'slice/unit/memory.high': 'max',
      },
      memory: { limitBytes: 400 * MB, freeBytes: 100 * MB },
    },
    {
      name: 'both versions, of which one has the memory',
      self: `4:memory:/pod\n0::/\n`,
      files: {
        'cgroup.controllers': 'hugetlb',
        'memory/pod/memory.limit_in_bytes': 256 * MB,
        'memory/pod/memory.usage_in_bytes': 56 * MB,
      },
      memory: { limitBytes: 256 * MB, freeBytes: 200 * MB },
    },
    {
      name: 'the tighter one of those above',
      self: '0::/pod/container',
      files: {
        'pod/container/memory.max': 512 * MB,
        'pod/container/memory.current': 100 * MB,
        'pod/memory.max': 600 * MB,
        'pod/memory.current': 500 * MB,
      },
      memory: { limitBytes: 600 * MB, freeBytes: 100 * MB },
    },
    {
      name: 'more than the limit in use',
      self: '0::/',
      files: { 'memory.max': 10, 'memory.current': 20 },
      memory: { limitBytes: 10, freeBytes: 0 },
    },
    {
      name: 'version 1, as a container sees it',
      self: v1,
      files: {
        'memory/memory.limit_in_bytes': 256 * MB,
        'memory/memory.usage_in_bytes': 56 * MB,
        'memory/memory.stat': `inactive_file 3\ntotal_inactive_file ${10 * MB}\ntotal_active_file ${12 * MB}\n`,
      },
      memory: { limitBytes: 256 * MB, freeBytes: 206 * MB },
    },
    {
      name: 'version 1 without a limit',
      self: v1,
      files: { 'memory/memory.limit_in_bytes': '9223372036854771712' },
      memory: undefined,
    },
  ]) {
    const folder = await TestFolder.make(t);
    await folder.write('self', self);
    for (const [file, text] of Object.entries(files)) await folder.write(`cgroup/${file}`, `${text}\n`);
    t.same(await memoryLimit(join(folder.path, 'cgroup'), join(folder.path, 'self')), memory, name);
  }
  await t.resolves(memoryLimit(), 'whatever this machine has');
});

t.test('why there is no room', async (t) => {
  const memory = async () => ({ limitBytes: 512 * MB, freeBytes: 100 * MB });
  t.equal(await whyNoRoom(100 * MB, 0, memory), undefined);
  t.equal(await whyNoRoom(1e15, 0, async () => undefined), undefined, 'without a limit');
  t.match(
    await whyNoRoom(101 * MB, 0, memory),
    /^it takes about 101 MiB of memory to load it, and 100 MiB are free of this container's limit of 512 MiB; raise the limit/,
  );
  t.match(await whyNoRoom(60 * MB, 50 * MB, memory), /100 MiB, where 50 MiB are being loaded, are free/);
});
