import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import t from 'tap';
import { usableCpus } from './cpus.ts';

const v2 = (text: string) => ({ 'cpu.max': text });
const v1 = (quota: string, period = '100000\n') => ({
  'cpu/cpu.cfs_quota_us': quota,
  'cpu/cpu.cfs_period_us': period,
});

t.test('CPUs that a container may use', async (t) => {
  const cases: { why: string; files: Record<string, string>; affinity?: number; cpus: number }[] = [
    { why: 'no control group', files: {}, cpus: 8 },
    { why: 'v2, no quota', files: v2('max 100000\n'), cpus: 8 },
    { why: 'v2, two CPUs', files: v2('200000 100000\n'), cpus: 2 },
    { why: 'v2, another period', files: v2('50000 10000\n'), cpus: 5 },
    { why: 'v2, a part of a CPU pays for a thread', files: v2('250000 100000\n'), cpus: 3 },
    { why: 'v2, less than one CPU', files: v2('10000 100000\n'), cpus: 1 },
    { why: 'v2, more than there are', files: v2('1600000 100000\n'), cpus: 8 },
    { why: 'v2, a quota without a period', files: v2('200000\n'), cpus: 2 },
    { why: 'v2, an empty file', files: v2(''), cpus: 8 },
    { why: 'v2, a file of another kind', files: v2('many\n'), cpus: 8 },
    { why: 'v1, no quota', files: v1('-1\n'), cpus: 8 },
    { why: 'v1, three CPUs', files: v1('300000\n'), cpus: 3 },
    { why: 'v1, less than one CPU', files: v1('1000\n'), cpus: 1 },
    { why: 'v1, another period', files: v1('20000\n', '5000\n'), cpus: 4 },
    { why: 'both: v2 counts', files: { ...v2('200000 100000\n'), ...v1('400000\n') }, cpus: 2 },
    { why: 'fewer by affinity than by quota', files: v2('400000 100000\n'), affinity: 3, cpus: 3 },
    { why: 'one', files: {}, affinity: 1, cpus: 1 },
  ];
  for (const { why, files, affinity = 8, cpus } of cases) {
    const root = t.testdir();
    for (const [name, text] of Object.entries(files)) {
      const path = join(root, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    t.equal(usableCpus(root, affinity), cpus, why);
  }
});

t.test('of this machine', async (t) => {
  const cpus = usableCpus();
  t.ok(Number.isInteger(cpus) && cpus >= 1 && cpus <= availableParallelism(), `${cpus}`);
});
