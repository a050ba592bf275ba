import t from 'tap';
import type { FakeCluster } from './fake-cluster.ts';
import { become, pod, putReady, ready, revision, route, sentObject, service, start } from './fixtures.ts';

t.test('status', async (t) => {
  const { cluster, space } = await start(t);
  cluster.put(service('celsius', { conditions: [ready('False', 'RevisionFailed', 'so bad')] }));
  cluster.put(revision('celsius', 1));
  cluster.put(revision('celsius', 2, ready('False', 'ExitCode1', 'it ends')));
  cluster.put(
    route('celsius', [
      { revisionName: 'celsius-00001', percent: 100 },
      { revisionName: 'celsius-00001', percent: 0, tag: 'old' },
    ]),
  );
  cluster.put(pod('celsius', 'a'));
  const text = await space.run(['status']);
  t.equal(text.code, 0, text.err);
  t.matchOnly(text.out.split('\n'), [
    'celsius in space: ready False, http://celsius.space.example.com',
    '  RevisionFailed: so bad',
    /^REVISION +READY +TRAFFIC +TAGS +PODS +IMAGE$/,
    /^celsius-00002 +False +0 % +- +0 +dev\.local\/celsius:2$/,
    /^celsius-00001 +True +100 % +old +1 +dev\.local\/celsius:1$/,
    '  celsius-00002: ExitCode1: it ends',
    '',
  ]);
  const json = await space.run(['status', '--output', 'json']);
  t.match(JSON.parse(json.out), {
    ready: 'False',
    revisions: [{ percent: 0 }, { percent: 100, tags: ['old'] }],
  });
});

t.test('traffic', async (t) => {
  const { cluster, space } = await start(t, become(ready('True')));
  putReady(cluster, 'celsius');
  cluster.put(revision('celsius', 2));
  const split = 'traffic --split celsius-00001=50 --split @latest=50 --tag celsius-00002=next'.split(' ');
  t.match(await space.run(split), { code: 0, out: /^REVISION +TRAFFIC +TAG +URL\n/ });
  const apply = cluster.seen.find((r) => r.method === 'PATCH');
  t.equal(apply?.query.get('fieldManager'), 'celsiusify-traffic');
  t.equal(apply?.query.get('force'), 'true');
  t.strictSame(sentObject(cluster, 'PATCH'), {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: { name: 'celsius', namespace: 'space' },
    spec: {
      traffic: [
        { latestRevision: false, revisionName: 'celsius-00001', percent: 50 },
        { latestRevision: true, percent: 50 },
        { latestRevision: false, revisionName: 'celsius-00002', percent: 0, tag: 'next' },
      ],
    },
  });
  t.match(await space.run(['traffic', '--split', 'celsius-00009=100']), {
    code: 1,
    err: /celsius has no revision celsius-00009: it has celsius-00002, celsius-00001/,
  });
});

t.test('traffic with tags alone keeps the shares', async (t) => {
  const { cluster, space } = await start(t, become(ready('True')));
  putReady(cluster, 'celsius');
  const traffic = [
    { latestRevision: true, percent: 100 },
    { revisionName: 'celsius-00001', percent: 0, tag: 'old' },
  ];
  const spec = { template: { spec: { containers: [{ image: 'x' }] } }, traffic };
  cluster.put(service('celsius', { spec }));
  t.match(await space.run(['traffic', '--tag', 'celsius-00001=new']), { code: 0 });
  t.match(sentObject(cluster, 'PATCH'), {
    spec: {
      traffic: [
        { latestRevision: true, percent: 100 },
        { revisionName: 'celsius-00001', tag: 'new' },
      ],
    },
  });
});

const propagation = ({ seen }: FakeCluster) =>
  seen.find(({ method }) => method === 'DELETE')?.query.get('propagationPolicy');

t.test('remove', async (t) => {
  const { cluster, space } = await start(t);
  putReady(cluster, 'celsius');
  cluster.put(pod('celsius', 'a'));
  t.match(await space.run(['remove']), { code: 0, out: /celsius is removed/ });
  t.ok(cluster.get('Pod', 'a'), 'its pods end by themselves');
  t.equal(propagation(cluster), 'Background');
});

t.test('remove --wait waits until Service and pods are gone', async (t) => {
  const { cluster, space } = await start(t, {
    react: (_, cluster) => setImmediate(() => cluster.remove('Pod', 'a')),
  });
  putReady(cluster, 'celsius');
  cluster.put(pod('celsius', 'a'));
  t.match(await space.run(['remove', '--wait']), { code: 0, out: /celsius is removed/ });
  t.equal(cluster.get('Pod', 'a'), undefined);
  t.equal(propagation(cluster), 'Foreground');
  t.match(await space.run(['remove']), { code: 1, err: /no Knative Service celsius/ });
});
