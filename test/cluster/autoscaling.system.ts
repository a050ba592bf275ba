/** Locust from its chart drives the autoscaler from 1 to 3 replicas and lets it come back to 1; every answer is checked. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { parseCsv } from '../../bench/csv.ts';
import { PODS } from '../../knative/watch.ts';
import { at, DEPLOYMENTS, type Kit, set, setImage, startKit, untilRolledOut, writeCsv } from './kit.ts';

const exec = promisify(execFile);
const RELEASE = 'celsius';
const LOAD_S = 90;
const columns = ['t_s', 'replicas', 'ready_replicas', 'users', 'requests_per_s', 'failures_per_s', 'p50_ms'];

interface Replicas {
  readonly t: number;
  readonly replicas: number;
  readonly ready: number;
}

/** Notes every change of the Deployment's replicas until `done` holds, by Unix time in s. */
function follow(kit: Kit, notes: Replicas[], done: (now: Replicas) => boolean, seconds: number) {
  return kit.until(
    DEPLOYMENTS,
    (all) => {
      const deployment = all.get(RELEASE);
      const count = (path: string) => Number(at(deployment, `status.${path}`) ?? 0);
      const now = { t: Date.now() / 1000, replicas: count('replicas'), ready: count('readyReplicas') };
      notes.push(now);
      return done(now) || undefined;
    },
    seconds,
  );
}

/** The files that the finished Job left in its log. */
async function fetchResults(kit: Kit, job: string): Promise<string> {
  const pods = await kit.core.listNamespacedPod({
    namespace: kit.namespace,
    labelSelector: `job-name=${job}`,
  });
  const name = pods.items[0]?.metadata?.name ?? '';
  const log = await kit.core.readNamespacedPodLog({ name, namespace: kit.namespace, container: 'results' });
  const folder = join(kit.settings.out, 'locust');
  mkdirSync(folder, { recursive: true });
  const archive = join(folder, 'results.tar.gz');
  writeFileSync(archive, Buffer.from(log, 'base64'));
  await exec('tar', ['-xzf', archive, '-C', folder]);
  return folder;
}

t.test('the autoscaler under Locust: 1, 3, 1', async (t) => {
  const kit = await startKit(t, 'hpa');
  const { image, locustImage } = kit.settings;
  const quick = set(
    'resources.requests.cpu=50m',
    'autoscaling.targetCPUUtilizationPercentage=50',
    'autoscaling.behavior.scaleDown.stabilizationWindowSeconds=15',
    'autoscaling.behavior.scaleDown.policies[0].type=Percent',
    'autoscaling.behavior.scaleDown.policies[0].value=100',
    'autoscaling.behavior.scaleDown.policies[0].periodSeconds=15',
  );
  await kit.helm('install', RELEASE, 'helm/celsius', ...setImage(image), ...quick);
  await untilRolledOut(kit, RELEASE, 180, 1);
  // The autoscaler does nothing before it has seen figures.
  await kit.until(
    { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', plural: 'horizontalpodautoscalers' },
    (all) =>
      [at(all.get(RELEASE), 'status.conditions')]
        .flat()
        .some((c) => at(c, 'type') === 'ScalingActive' && at(c, 'status') === 'True') || undefined,
    180,
  );

  const notes: Replicas[] = [];
  const all = follow(kit, notes, (now) => now.ready === 3, 240).then(() =>
    follow(kit, notes, (now) => now.replicas === 1, 600),
  );
  await kit.helm(
    'install',
    'load',
    'helm/locust',
    ...setImage(locustImage),
    ...set(
      `target.host=http://${RELEASE}.${kit.namespace}.svc`,
      'workers=2',
      'load.users=32',
      `load.seconds=${LOAD_S}`,
      'worker.resources.requests.cpu=100m',
    ),
  );
  const job = 'load-locust-1';
  const ended = (pod: unknown) =>
    [at(pod, 'status.containerStatuses')]
      .flat()
      .some((s) => at(s, 'name') === 'results' && at(s, 'state.terminated'));
  const pod = await kit.until(
    { ...PODS, labelSelector: `job-name=${job}` },
    (pods) => [...pods.values()].find(ended),
    LOAD_S + 300,
  );
  const exitCode = [at(pod, 'status.containerStatuses')]
    .flat()
    .map((s) => at(s, 'state.terminated.exitCode'));
  const folder = await fetchResults(kit, job);
  await all;

  const [totals] = parseCsv(readFileSync(join(folder, 'locust_stats.csv'), 'utf8')).filter(
    (r) => r.Name === 'Aggregated',
  );
  const history = parseCsv(readFileSync(join(folder, 'locust_stats_history.csv'), 'utf8')).filter(
    (r) => r.Name === 'Aggregated',
  );
  const start = Number(history[0]?.Timestamp ?? 0);
  const replicasAt = (time: number) => notes.findLast((n) => n.t <= time) ?? notes[0];
  const bySecond = new Map(history.map((r) => [Number(r.Timestamp), r]));
  const end = Math.ceil(notes.at(-1)?.t ?? start) + 1;
  const rows = Array.from({ length: end - start + 1 }, (_, i) => {
    const second = bySecond.get(start + i);
    const now = replicasAt(start + i);
    return {
      t_s: i,
      replicas: now?.replicas ?? 1,
      ready_replicas: now?.ready ?? 1,
      users: Number(second?.['User Count'] ?? 0),
      requests_per_s: Number(second?.['Requests/s'] ?? 0),
      failures_per_s: Number(second?.['Failures/s'] ?? 0),
      p50_ms: second && second['50%'] !== 'N/A' ? Number(second['50%']) : null,
    };
  });
  writeCsv(kit, 'cluster-hpa.csv', columns, rows);

  t.strictSame(exitCode, [0], 'Locust says that nothing failed');
  t.equal(Number(totals?.['Failure Count']), 0);
  t.ok(Number(totals?.['Request Count']) > 1000, `${totals?.['Request Count']} requests`);
  t.equal(Math.max(...notes.map((n) => n.ready)), 3);
  t.equal(notes.at(-1)?.replicas, 1);
  const reached = notes.find((n) => n.ready === 3)?.t ?? 0;
  t.comment(`3 replicas were ready ${(reached - start).toFixed(1)} s after the load's start`);
});
