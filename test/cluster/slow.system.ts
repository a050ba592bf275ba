/**
 * A model whose runs take half a second, by the chart's defaults, with more callers than threads: nothing is lost, the pod
 * does not restart and stays in its Service; and with new connections the autoscaler gets to work.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { startClient } from './clients.ts';
import { at, type Kit, podsOfRelease, set, setImage, startKit, untilRolledOut, writeCsv } from './kit.ts';
import { modelConfigMap } from './own-models.ts';

const RELEASE = 'slow';
const LOAD_S = 150;
const SAMPLE_S = 5;
/** Of function/fixtures/slow: as many products of matrices of 0.1 ms as make half a second. */
const BODY = '{"instances": [{"x": 1, "products": 5500}]}';
const columns = [
  'event',
  'requests',
  'lost',
  'samples',
  'samples_ready',
  'restarts',
  'most_replicas',
  'cpu_s',
  'p50_ms',
  'max_ms',
];

/** How many pods are in the Service, how many there are, and how often they were restarted. */
async function sample(kit: Kit) {
  const pods = await kit.until(podsOfRelease(RELEASE), (pods) => [...pods.values()], 30);
  const statuses = pods.flatMap((pod) => [at(pod, 'status.containerStatuses')].flat());
  return {
    replicas: pods.length,
    ready: statuses.filter((status) => at(status, 'ready') === true).length,
    restarts: statuses.reduce<number>((sum, status) => sum + Number(at(status, 'restartCount') ?? 0), 0),
  };
}

async function underLoad(
  t: Test,
  kit: Kit,
  event: string,
  replicas: readonly [number, number],
  reconnectEvery: number,
) {
  const client = await startClient(kit);
  const [least, most] = replicas;
  await kit.helm(
    'install',
    RELEASE,
    'helm/celsius',
    ...setImage(kit.settings.image),
    ...set('models.slow.configMap.name=slow', `fullnameOverride=${RELEASE}`),
    ...set(`autoscaling.minReplicas=${least}`, `autoscaling.maxReplicas=${most}`),
  );
  await untilRolledOut(kit, RELEASE, 180, least);
  const url = `http://${RELEASE}.${kit.namespace}.svc/v1/models/slow:predict`;
  await client.ask({ url, body: JSON.parse(BODY), wait_s: 30 });
  await client.start({
    url,
    questions: [{ body: BODY, expected: 2 }],
    field: 'predictions',
    connections: 8,
    rate_per_s: 1000, // the next at once
    reconnectEvery,
    timeout_s: 60,
    least: 1,
    most: 100_000,
  });
  const samples: Awaited<ReturnType<typeof sample>>[] = [];
  const end = Date.now() + LOAD_S * 1000;
  while (Date.now() < end) {
    await sleep(SAMPLE_S * 1000);
    samples.push(await sample(kit));
  }
  const report = await client.stop();
  const metrics = await client.ask({ url: `http://${RELEASE}.${kit.namespace}.svc/metrics` });
  const cpu = /^process_cpu_seconds_total (\S+)$/m.exec(metrics.body)?.[1];
  const last = await sample(kit);
  const row = {
    event,
    requests: report.sent,
    lost: report.lost,
    samples: samples.length,
    samples_ready: samples.filter(({ ready }) => ready >= least).length,
    restarts: last.restarts,
    most_replicas: Math.max(...samples.map((one) => one.replicas)),
    // Of the one pod: far less than the load's length where the node is too busy for it to say anything.
    cpu_s: most === 1 ? Number(cpu) : null,
    p50_ms: report.p50_ms,
    max_ms: report.max_ms,
  };
  t.comment(JSON.stringify(row));
  t.strictSame(report.complaints, []);
  t.match(report, { lost: 0, wrong: 0 });
  t.equal(row.restarts, 0);
  t.equal(row.samples_ready, row.samples, 'in the Service in every sample');
  return row;
}

t.test('a slow model by the chart’s defaults', async (t) => {
  const rows: Awaited<ReturnType<typeof underLoad>>[] = [];
  const events: readonly [event: string, replicas: readonly [number, number], reconnectEvery: number][] = [
    ['one_replica', [1, 1], 1_000_000],
    ['scaled', [1, 3], 5],
  ];
  for (const [event, replicas, reconnectEvery] of events) {
    await t.test(event, async (t) => {
      const kit = await startKit(t, `slow-${event.replace('_', '-')}`);
      await modelConfigMap(kit, 'slow', 'function/fixtures/slow/1');
      const row = await underLoad(t, kit, event, replicas, reconnectEvery);
      if (replicas[1] > 1) t.ok(row.most_replicas > 1, `${row.most_replicas} replicas`);
      rows.push(row);
      writeCsv(kit, 'cluster-slow.csv', columns, rows);
    });
  }
});
