/** The chart's life in a cluster, each step timed: install, answers, helm test, upgrade, rollback, uninstall. */
import t from 'tap';
import { KNOWN_ANSWERS } from '../../image/check.ts';
import { type Client, startClient } from './clients.ts';
import {
  at,
  DEPLOYMENTS,
  type Kit,
  podsOfRelease,
  rolledOut,
  set,
  setImage,
  startKit,
  timed,
  untilRolledOut,
  writeCsv,
} from './kit.ts';

const REPEATS = 3;
const RELEASE = 'celsius';
const columns = ['server', 'image', 'repeat', 'step', 'duration_ms'];

interface Server {
  readonly name: string;
  readonly image: string;
  readonly values: string[];
  readonly path: string;
  readonly body: (fahrenheit: number) => unknown;
  readonly field: string;
}

async function checkAnswers(t: Tap, client: Client, server: Server): Promise<void> {
  for (const [fahrenheit, celsius] of KNOWN_ANSWERS) {
    const url = `http://${RELEASE}${server.path}`;
    const { status, body } = await client.ask({ url, body: server.body(fahrenheit) });
    t.equal(status, 200, body);
    const got = [at(JSON.parse(body), server.field)].flat()[0];
    t.equal(Math.fround(Number(got)), Math.fround(celsius), `${fahrenheit} °F through the Service`);
  }
}

type Tap = Pick<typeof t, 'equal' | 'ok'>;

async function life(t: Tap, kit: Kit, client: Client, server: Server, repeat: number) {
  const rows: { server: string; image: string; repeat: number; step: string; duration_ms: number }[] = [];
  const step = async (name: string, work: () => Promise<unknown>) => {
    const duration_ms = await timed(work);
    rows.push({ server: server.name, image: server.image, repeat, step: name, duration_ms });
  };
  const chart = ['helm/celsius', ...server.values];
  const gone = (seconds: number) =>
    kit.until(podsOfRelease(RELEASE), (pods) => (pods.size === 0 ? true : undefined), seconds);

  await step('install_to_available', async () => {
    await kit.helm('install', RELEASE, ...chart);
    await untilRolledOut(kit, RELEASE, 180);
  });
  await step('available_to_first_answer', () =>
    client.ask({ url: `http://${RELEASE}${server.path}`, body: server.body(212), wait_s: 30 }),
  );
  await step('known_answers', () => checkAnswers(t, client, server));
  await step('helm_test', () => kit.helm('test', RELEASE));
  await step('upgrade_to_rolled_out', async () => {
    await kit.helm('upgrade', RELEASE, ...chart, ...set('podAnnotations.upgraded=yes'));
    await untilRolledOut(kit, RELEASE, 180);
  });
  const upgraded = (deployment: unknown) => at(deployment, 'spec.template.metadata.annotations.upgraded');
  const now = async () => kit.until(DEPLOYMENTS, (all) => all.get(RELEASE), 10);
  t.equal(upgraded(await now()), 'yes');
  await step('rollback_to_rolled_out', async () => {
    await kit.helm('rollback', RELEASE, '1');
    await untilRolledOut(kit, RELEASE, 180);
  });
  t.equal(upgraded(await now()), undefined, 'as it was before');
  t.ok(rolledOut(await now()));
  await checkAnswers(t, client, server);
  await step('uninstall_to_no_pods', async () => {
    await kit.helm('uninstall', RELEASE);
    await gone(120);
  });
  return rows;
}

t.test('helm install, test, upgrade, rollback, uninstall', async (t) => {
  const kit = await startKit(t, 'helm');
  const client = await startClient(kit);
  const { image, tfServingImage } = kit.settings;
  const servers: Server[] = [
    {
      name: 'celsius',
      image,
      values: setImage(image),
      path: '/celsius',
      body: (fahrenheit) => ({ fahrenheit }),
      field: 'celsius',
    },
  ];
  if (tfServingImage) {
    servers.push({
      name: 'tensorflow-serving',
      image: tfServingImage,
      values: [
        ...['-f', 'helm/celsius/values-tf-serving.yaml'],
        ...setImage(tfServingImage),
        ...setImage(image, 'test.image'),
      ],
      path: '/v1/models/celsius:predict',
      body: (fahrenheit) => ({ instances: [fahrenheit] }),
      field: 'predictions',
    });
  }
  const rows: Awaited<ReturnType<typeof life>> = [];
  for (const server of servers) {
    for (let repeat = 1; repeat <= REPEATS; repeat++) {
      await t.test(`${server.name}, ${repeat} of ${REPEATS}`, async (t) => {
        rows.push(...(await life(t, kit, client, server, repeat)));
        writeCsv(kit, 'cluster-helm.csv', columns, rows);
      });
    }
  }
});
