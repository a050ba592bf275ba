/** The Knative client against a real Knative: ready, answers, zero, from zero, cold starts, a split of the traffic. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseCsv } from '../../bench/csv.ts';
import { COLUMNS } from '../../knative/measure.ts';
import { podsOf } from '../../knative/pods.ts';
import { type Kit, startKit, writeCsv } from './kit.ts';
import { knative } from './knative-client.ts';

const COLD_STARTS = 10;

async function invoke(
  kit: Kit,
  ...args: string[]
): Promise<{ celsius: number[]; runId: string; duration_ms: number }> {
  return JSON.parse(await knative(kit, 'invoke', '--output', 'json', ...args));
}

t.test('Knative', async (t) => {
  const kit = await startKit(t, 'knative');
  const { image, helloImage } = kit.settings;
  const small = ['--memory', '256Mi', '--cpu', '100m', '--window', '6s'];
  const zero = (name: string) => kit.until(podsOf(name), (pods) => (pods.size === 0 ? true : undefined), 180);

  await t.test('ready, answers, scales to zero, answers from zero', async (t) => {
    const deployed = JSON.parse(await knative(kit, 'deploy', '--image', image, ...small, '--output', 'json'));
    t.match(deployed, { revision: 'celsius-00001' });
    t.comment(`ready after ${deployed.ready_ms} ms`);
    const warm = await invoke(kit, '212', '-40');
    t.strictSame(warm.celsius, [100, -40]);
    await zero('celsius');
    const cold = await invoke(kit, '98.6');
    t.strictSame(cold.celsius, [37]);
    t.not(cold.runId, warm.runId, 'another process');
    t.comment(`from zero: ${cold.duration_ms} ms`);
  });

  await t.test(`${COLD_STARTS} cold starts, next to those of a hello image`, async (t) => {
    const hello = ['--name', 'hello', '--image', helloImage, '--readiness-path', 'tcp'];
    await knative(kit, 'deploy', ...hello, '--window', '6s');
    const figures: Record<string, string>[] = [];
    // In turn, so that what changes on the machine meanwhile changes for both.
    for (let attempt = 1; attempt <= COLD_STARTS; attempt++) {
      for (const [name, args] of [
        ['hello', ['--get', '/']],
        ['celsius', []],
      ] as const) {
        const csv = join(kit.settings.out, 'one-cold-start.csv');
        await knative(kit, 'measure', '--name', name, '--count', '1', '--csv', csv, ...args);
        figures.push(...parseCsv(readFileSync(csv, 'utf8')).map((f) => ({ ...f, attempt: String(attempt) })));
        rmSync(csv);
      }
      writeCsv(kit, 'knative-cold-start.csv', COLUMNS, figures);
    }
    const count = (service: string, phase: string) =>
      figures.filter((f) => f.service === service && f.start === 'cold' && f.phase === phase).length;
    for (const phase of ['total', 'pod_created', 'pod_scheduled', 'container_running', 'pod_ready']) {
      t.equal(count('hello', phase), COLD_STARTS, `hello ${phase}`);
      t.equal(count('celsius', phase), COLD_STARTS, `celsius ${phase}`);
    }
    for (const phase of ['process', 'bundle', 'native', 'model', 'warmup']) {
      t.equal(count('celsius', `function_${phase}`), COLD_STARTS, `celsius function_${phase}`);
    }
    await knative(kit, 'remove', '--name', 'hello');
  });

  await t.test('half of the traffic to a new revision', async (t) => {
    await knative(kit, 'deploy', '--image', image, ...small, '--env', 'LOG_LEVEL=warn');
    const split = ['--split', 'celsius-00001=50', '--split', 'celsius-00002=50'];
    await knative(kit, 'traffic', ...split, '--tag', 'celsius-00001=old', '--tag', 'celsius-00002=new');
    const [old, newest] = [await invoke(kit, '--tag', 'old'), await invoke(kit, '--tag', 'new')];
    t.not(old.runId, newest.runId);
    const byRun = new Map<string, number>();
    for (let i = 0; i < 200; i++) {
      const { celsius, runId } = await invoke(kit, '212');
      if (celsius[0] !== 100) t.fail(`${celsius} °C for 212 °F from run ${runId}`);
      byRun.set(runId, (byRun.get(runId) ?? 0) + 1);
    }
    t.ok((byRun.get(old.runId) ?? 0) > 50, `${byRun.get(old.runId)} of 200 by the old revision`);
    t.ok((byRun.get(newest.runId) ?? 0) > 50, `${byRun.get(newest.runId)} of 200 by the new one`);
    const status = JSON.parse(await knative(kit, 'status', '--output', 'json'));
    t.match(status.revisions, [
      { name: 'celsius-00002', ready: 'True', percent: 50, tags: ['new'] },
      { name: 'celsius-00001', ready: 'True', percent: 50, tags: ['old'] },
    ]);
    await knative(kit, 'remove');
  });

  await t.test('an image that is not there', async (t) => {
    const deploying = knative(kit, 'deploy', '--name', 'nowhere', '--image', 'registry.invalid/nothing:1');
    await t.rejects(deploying, {
      message: /^knative: revision nowhere-00001 failed: .*cluster can pull registry\.invalid/,
    });
  });
});
