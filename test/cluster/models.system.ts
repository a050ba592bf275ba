/**
 * Models of one's own, from each source that the chart has and any cluster can do, as a Deployment and as a Knative
 * Service: the time from `helm install` to the first right answer, and `helm test`. Then a new version is copied into a
 * volume under load, and no request is lost.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { messageOf } from '../../function/errors.ts';
import { type Client, startClient } from './clients.ts';
import { at, type Kit, set, setImage, startKit, timed, untilRolledOut, writeCsv } from './kit.ts';
import { folderClaim, modelConfigMap, runPod, startS3 } from './own-models.ts';

const columns = ['source', 'kind', 'install_to_answer_ms', 'helm_test_ms'];
const volumeColumns = ['event', 'requests', 'lost', 'wrong_answers'];
const LEAST = 2_000;

interface Source {
  readonly name: string;
  readonly model: string;
  readonly values: string[];
  /** `{"instances": [40]}` gives it. */
  readonly gives: number;
}
const SOURCES: readonly Source[] = [
  { name: 'path', model: 'degrees', values: set('models.degrees.path=/app/model/celsius'), gives: 40 / 9 },
  { name: 'configMap', model: 'plus', values: set('models.plus.configMap.name=plus'), gives: 41 },
  {
    name: 'persistentVolumeClaim',
    model: 'plus',
    values: set(
      'models.plus.persistentVolumeClaim.claimName=models',
      'models.plus.persistentVolumeClaim.subPath=plus',
    ),
    gives: 41,
  },
  {
    name: 'storageUri',
    model: 'plus',
    values: set('models.plus.storageUri=s3:models/plus', 'fetch.envFrom[0].secretRef.name=s3'),
    gives: 41,
  },
];

/** Asks until the model gives what it should. @throws Error with the last answer after `seconds` */
async function untilAnswer(client: Client, url: string, gives: number, seconds: number): Promise<void> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const { status, body } = await client
      .ask({ url, body: { instances: [40] } })
      .catch((error: unknown) => ({ status: 0, body: messageOf(error) }));
    if (status === 200 && Math.fround(Number(at(JSON.parse(body), 'predictions.0'))) === Math.fround(gives))
      return;
    if (Date.now() > end) throw new Error(`${url}: ${status} ${body}`);
    await sleep(50);
  }
}

async function install(t: Test, kit: Kit, client: Client, source: Source, isKnative: boolean) {
  const { image, fetchImage } = kit.settings;
  const release = source.name.toLowerCase();
  const chart = [
    'helm/celsius',
    ...setImage(image),
    ...setImage(fetchImage, 'fetch.image'),
    ...source.values,
  ];
  const kind = isKnative ? set('knative.enabled=true') : [];
  const name = `fullnameOverride=${release}`;
  const url = `http://${release}.${kit.namespace}.svc.cluster.local/v1/models/${source.model}:predict`;
  try {
    const install_to_answer_ms = await timed(async () => {
      const notes = await kit.helm('install', release, ...chart, ...kind, ...set(name));
      t.match(notes, new RegExp(`Model ${source.model}:.*/v1/models/${source.model}/metadata`, 's'));
      await untilAnswer(client, url, source.gives, 180);
    });
    const helm_test_ms = await timed(() => kit.helm('test', release));
    t.pass(`${source.name}: first right answer after ${install_to_answer_ms} ms`);
    return [
      { source: source.name, kind: isKnative ? 'knative' : 'deployment', install_to_answer_ms, helm_test_ms },
    ];
  } catch (error) {
    // Knative has volumes of claims and init containers only where its feature flags allow them.
    if (!isKnative || !/must not set the field|is disabled/.test(messageOf(error))) throw error;
    t.comment(`${source.name}: not allowed by this Knative's feature flags`);
    return [];
  } finally {
    await kit.helm('uninstall', release, '--ignore-not-found', '--wait');
  }
}

t.test('models of one’s own', async (t) => {
  const kit = await startKit(t, 'models');
  const { namespace } = kit;
  const client = await startClient(kit);
  await modelConfigMap(kit, 'plus', 'function/fixtures/versions/1');
  await startS3(kit, 'plus');
  await folderClaim(t, kit, 'models');
  /** Copies the model into the claim, as a version. */
  const copy = (version: number) =>
    runPod(kit, `copy-${version}`, {
      namespace,
      script: `const fs = require('fs'); const to = '/models/plus/${version}'; fs.mkdirSync(to, { recursive: true });
        fs.copyFileSync('/plus/saved_model.pb', to + '/saved_model.pb')`,
      volumes: [
        { name: 'plus', configMap: { name: 'plus' }, path: '/plus' },
        { name: 'models', persistentVolumeClaim: { claimName: 'models' }, path: '/models' },
      ],
    });
  await copy(1);

  const rows: Awaited<ReturnType<typeof install>> = [];
  for (const isKnative of [false, true]) {
    for (const source of SOURCES) {
      await t.test(`${source.name}${isKnative ? ', Knative' : ''}`, async (t) => {
        rows.push(...(await install(t, kit, client, source, isKnative)));
        writeCsv(kit, 'cluster-models.csv', columns, rows);
      });
    }
  }

  await t.test('a new version in a volume, under load', async (t) => {
    const claim = SOURCES.find(({ name }) => name === 'persistentVolumeClaim')?.values ?? [];
    await kit.helm('install', 'celsius', 'helm/celsius', ...setImage(kit.settings.image), ...claim);
    await untilRolledOut(kit, 'celsius', 180);
    const url = `http://celsius.${namespace}.svc/v1/models/plus`;
    await untilAnswer(client, `${url}:predict`, 41, 60);
    await client.start({
      url: `${url}:predict`,
      questions: [{ body: '{"instances": [40]}', expected: 41 }],
      field: 'predictions',
      connections: 16,
      rate_per_s: 200,
      reconnectEvery: 50,
      least: LEAST,
      most: 100_000,
    });
    await copy(2);
    const available = async () => {
      const { body } = await client.ask({ url });
      const versions = [at(JSON.parse(body), 'model_version_status')].flat();
      return versions.some((one) => at(one, 'version') === '2' && at(one, 'state') === 'AVAILABLE');
    };
    const end = Date.now() + 60_000;
    while (!(await available())) {
      if (Date.now() > end) throw new Error('version 2 did not become available');
      await sleep(200);
    }
    const report = await client.stop();
    const { sent: requests, lost, wrong: wrong_answers } = report;
    const row = { event: 'new_version', requests, lost, wrong_answers };
    t.comment(JSON.stringify(row));
    writeCsv(kit, 'cluster-volume.csv', volumeColumns, [row]);
    t.strictSame(report.complaints, []);
    t.match(report, { lost: 0, wrong: 0 });
    t.ok(report.sent >= LEAST, `${report.sent} requests`);
  });
});
