/**
 * A roll-out, a deleted pod and the autoscaler's scale-down, each under requests from inside the cluster that go on until
 * it is over and there were 20,000 of them: none may be lost, every answer is checked.
 */
import t from 'tap';
import { KNOWN_ANSWERS } from '../../image/check.ts';
import { startClient } from './clients.ts';
import { at, type Kit, podsOfRelease, set, setImage, startKit, untilRolledOut, writeCsv } from './kit.ts';

const RELEASE = 'celsius';
const RATE = 800;
const LEAST = 20_000;
const columns = [
  'event',
  'rate_per_s',
  'connections',
  'requests',
  'lost',
  'wrong_answers',
  'processes',
  'event_s',
  'duration_s',
  'p50_ms',
  'p99_ms',
  'max_ms',
];

function names(pods: ReadonlyMap<string, unknown>): string[] {
  return [...pods.keys()];
}

async function currentPods(kit: Kit): Promise<string[]> {
  return kit.until(podsOfRelease(RELEASE), (pods) => (pods.size > 0 ? names(pods) : undefined), 30);
}

/** Waits until none of these pods is there, not even terminating. */
function untilGone(kit: Kit, pods: readonly string[]): Promise<boolean> {
  return kit.until(
    podsOfRelease(RELEASE),
    (now) => (pods.some((name) => now.has(name)) ? undefined : true),
    180,
  );
}

t.test('requests while pods come and go', async (t) => {
  const kit = await startKit(t, 'rollout');
  const client = await startClient(kit);
  const calm = set(
    'autoscaling.behavior.scaleDown.stabilizationWindowSeconds=0',
    'autoscaling.behavior.scaleDown.policies[0].type=Pods',
    'autoscaling.behavior.scaleDown.policies[0].value=1',
    'autoscaling.behavior.scaleDown.policies[0].periodSeconds=15',
  );
  const values = ['helm/celsius', ...setImage(kit.settings.image), ...calm];
  const scale = (least: number, most: number) =>
    set(`autoscaling.minReplicas=${least}`, `autoscaling.maxReplicas=${most}`);
  await kit.helm('install', RELEASE, ...values, ...scale(2, 2));
  await untilRolledOut(kit, RELEASE, 180, 2);

  const questions = KNOWN_ANSWERS.map(([fahrenheit, celsius]) => ({
    body: JSON.stringify({ fahrenheit }),
    expected: Math.fround(celsius),
  }));
  const load = {
    url: `http://${RELEASE}.${kit.namespace}.svc/celsius`,
    questions,
    field: 'celsius',
    connections: 16,
    rate_per_s: RATE,
    reconnectEvery: 50,
    least: LEAST,
    most: 300_000,
  };

  /** [event, what makes ready for it, what happens and has ended when it returns] */
  const events: readonly [string, () => Promise<unknown>, () => Promise<unknown>][] = [
    [
      'rollout',
      async () => {},
      async () => {
        const before = await currentPods(kit);
        await kit.helm('upgrade', RELEASE, ...values, ...scale(2, 2), ...set('podAnnotations.rolled=yes'));
        await untilRolledOut(kit, RELEASE, 180, 2);
        await untilGone(kit, before);
      },
    ],
    [
      'pod_deleted',
      async () => {},
      async () => {
        const [name = ''] = await currentPods(kit);
        await kit.core.deleteNamespacedPod({ name, namespace: kit.namespace });
        await untilGone(kit, [name]);
        await untilRolledOut(kit, RELEASE, 180, 2);
      },
    ],
    [
      'autoscaler_scale_down',
      async () => {
        await kit.helm('upgrade', RELEASE, ...values, ...scale(3, 3));
        await untilRolledOut(kit, RELEASE, 180, 3);
      },
      async () => {
        const before = await currentPods(kit);
        await kit.helm('upgrade', RELEASE, ...values, ...scale(1, 3));
        await kit.until(
          podsOfRelease(RELEASE),
          (pods) => (pods.size < before.length ? true : undefined),
          300,
        );
        await untilRolledOut(kit, RELEASE, 300, 1);
        await kit.until(podsOfRelease(RELEASE), (pods) => (pods.size === 1 ? true : undefined), 180);
      },
    ],
  ];
  const rows: Record<string, string | number>[] = [];
  for (const [event, prepare, happen] of events) {
    await t.test(event, async (t) => {
      await prepare();
      await client.start(load);
      // It happens under way, not at the start: when a tenth of the least has been answered.
      while ((await client.report()).sent < LEAST / 10);
      const began = performance.now();
      await happen();
      const event_s = Number(((performance.now() - began) / 1000).toFixed(1));
      const during = await client.report();
      const report = await client.stop();
      rows.push({
        event,
        rate_per_s: RATE,
        connections: load.connections,
        requests: report.sent,
        lost: report.lost,
        wrong_answers: report.wrong,
        processes: Object.keys(report.runIds).length,
        event_s,
        duration_s: report.elapsed_s,
        p50_ms: report.p50_ms,
        p99_ms: report.p99_ms,
        max_ms: report.max_ms,
      });
      writeCsv(kit, 'cluster-rollout.csv', columns, rows);
      t.strictSame(report.complaints, []);
      t.match(report, { lost: 0, wrong: 0 });
      t.ok(report.sent >= LEAST, `${report.sent} requests, ${during.sent} of them before it was over`);
      t.ok(Object.keys(report.runIds).length >= 2, 'answers came from several processes');
      t.equal(at(report, 'right'), report.sent);
    });
  }
});
