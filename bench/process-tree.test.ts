import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { cpuOf, machineCpu, mainThreadCpu, treeOf, treeUse } from './process-tree.ts';

t.test('a tree of two processes', async (t) => {
  // the parent burns until the child has told its id, so both are alive and one has used time
  const script = `
    const child = require('node:child_process').spawn(process.execPath, ['-e', 'process.stdin.resume()']);
    for (const end = Date.now() + 60; Date.now() < end; );
    console.log(child.pid); process.stdin.resume(); process.stdin.on('end', () => child.kill());`;
  const parent = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await once(parent.stdout, 'data');
  const pid = parent.pid ?? 0;
  t.same(treeOf(pid), [pid, Number(String(line))]);
  const use = treeUse(pid);
  t.equal(use.processes, 2);
  t.ok(use.threads >= 4, `${use.threads} threads`);
  t.ok(use.cpu_us >= 50_000, `${use.cpu_us} µs`);
  t.ok(mainThreadCpu(pid) >= 50_000 && machineCpu() >= mainThreadCpu(pid));
  t.ok(use.peak_rss_bytes >= use.rss_bytes);
  t.ok(use.rss_bytes > 20e6 && use.anonymous_bytes > 5e6);
  t.ok(use.rss_bytes >= use.anonymous_bytes);
  t.equal(use.rss_bytes, use.anonymous_bytes + use.file_bytes);
  t.ok(cpuOf(pid) >= use.cpu_us);
  parent.stdin.end();
  await once(parent, 'exit');
  t.match(treeUse(pid), { cpu_us: 0, rss_bytes: 0 }, 'an ended process uses nothing');
});
