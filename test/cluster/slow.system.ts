/**
 * A model whose runs take half a second, by the defaults of the chart and of the Knative client, with more callers than
 * threads: nothing is lost, the pod does not restart and stays in its Service; and with new connections the autoscaler gets
 * to work.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { podsOf } from '../../knative/pods.ts';
import { startClient } from './clients.ts';
import { at, type Kit, podsOfRelease, set, setImage, startKit, untilRolledOut, writeCsv } from './kit.ts';
import { knative, untilReady } from './knative-client.ts';
import { modelConfigMap } from './own-models.ts';

const NAME = 'slow';
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

interface Event {
  readonly name: string;
  /** Deploys the model as `slow` and waits until that is ready. */
  readonly install: (kit: Kit) => Promise<unknown>;
  readonly isKnative: boolean;
  /** A connection is given up after so many requests. */
  readonly reconnectEvery: number;
}

const STAYS = 1_000_000;
const EVENTS: readonly Event[] = [
  {
    name: 'one_replica',
    install: (kit) => installDeployment(kit, 1),
    isKnative: false,
    reconnectEvery: STAYS,
  },
  {
    name: 'scaled',
    install: (kit) => installDeployment(kit, 3),
    isKnative: false,
    reconnectEvery: 5,
  },
  {
    name: 'knative_chart',
    install: async (kit) => {
      await kit.helm('install', NAME, ...chart(kit, 'knative.enabled=true'));
      await untilReady(kit, NAME);
    },
    isKnative: true,
    reconnectEvery: STAYS,
  },
  {
    name: 'knative_client',
    install: (kit) => {
      const model = ['--config-map', `${NAME}=/models/slow/1`, '--env', 'MODELS_DIR=/models'];
      return knative(kit, 'deploy', '--name', NAME, '--image', kit.settings.image, ...model);
    },
    isKnative: true,
    reconnectEvery: STAYS,
  },
];

function chart(kit: Kit, ...pairs: string[]): string[] {
  const model = set(`models.slow.configMap.name=${NAME}`, `fullnameOverride=${NAME}`);
  return ['helm/celsius', ...setImage(kit.settings.image), ...model, ...set(...pairs)];
}

async function installDeployment(kit: Kit, most: number): Promise<void> {
  await kit.helm('install', NAME, ...chart(kit, `autoscaling.maxReplicas=${most}`));
  await untilRolledOut(kit, NAME, 180, 1);
}

/** How many pods are in the Service, how many there are, and how often their containers were restarted. */
async function sample(kit: Kit, isKnative: boolean) {
  const kind = isKnative ? podsOf(NAME) : podsOfRelease(NAME);
  const pods = await kit.until(kind, (pods) => [...pods.values()], 30);
  const statuses = pods.map((pod) => [at(pod, 'status.containerStatuses')].flat());
  return {
    replicas: pods.length,
    ready: statuses.filter((of) => of.every((status) => at(status, 'ready') === true)).length,
    restarts: statuses.flat().reduce<number>((sum, s) => sum + Number(at(s, 'restartCount') ?? 0), 0),
  };
}

async function underLoad(t: Test, kit: Kit, event: Event) {
  const client = await startClient(kit);
  await event.install(kit);
  const service = `http://${NAME}.${kit.namespace}.svc.cluster.local`;
  const url = `${service}/v1/models/slow:predict`;
  await client.ask({ url, body: JSON.parse(BODY), wait_s: 30 });
  await client.start({
    url,
    questions: [{ body: BODY, expected: 2 }],
    field: 'predictions',
    connections: 8,
    rate_per_s: 1000, // the next at once
    reconnectEvery: event.reconnectEvery,
    timeout_s: 60,
    least: 1,
    most: 100_000,
  });
  const samples: Awaited<ReturnType<typeof sample>>[] = [];
  const end = Date.now() + LOAD_S * 1000;
  while (Date.now() < end) {
    await sleep(SAMPLE_S * 1000);
    samples.push(await sample(kit, event.isKnative));
  }
  const report = await client.stop();
  const metrics = await client.ask({ url: `${service}/metrics` });
  const cpu = /^process_cpu_seconds_total (\S+)$/m.exec(metrics.body)?.[1];
  const last = await sample(kit, event.isKnative);
  const most_replicas = Math.max(...samples.map((one) => one.replicas));
  const row = {
    event: event.name,
    requests: report.sent,
    lost: report.lost,
    samples: samples.length,
    samples_ready: samples.filter(({ ready }) => ready >= 1).length,
    restarts: last.restarts,
    most_replicas,
    // Of the one pod: far less than the load's length where the node is too busy for it to say anything.
    cpu_s: most_replicas === 1 ? Number(cpu) : null,
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

t.test('a slow model by the defaults', async (t) => {
  const rows: Awaited<ReturnType<typeof underLoad>>[] = [];
  for (const event of EVENTS) {
    await t.test(event.name, async (t) => {
      const kit = await startKit(t, `slow-${event.name.replace('_', '-')}`);
      await modelConfigMap(kit, NAME, 'function/fixtures/slow/1');
      const row = await underLoad(t, kit, event);
      if (event.name === 'scaled') t.ok(row.most_replicas > 1, `${row.most_replicas} replicas`);
      rows.push(row);
      writeCsv(kit, 'cluster-slow.csv', columns, rows);
    });
  }
});
