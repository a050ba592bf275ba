import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parseCsv } from '../bench/csv.ts';
import { mintRunId } from '../function/run-id.ts';
import { type ApiObject, type FakeCluster, fakeCluster, type Script } from './fake-cluster.ts';
import { pod, putReady, ready, revision, route, service, workspace } from './fixtures.ts';
import { type Condition, REVISION_LABEL } from './types.ts';

async function start(t: Test, script?: Script) {
  const cluster = await fakeCluster(script);
  const space = workspace(cluster.url);
  t.teardown(async () => {
    space.remove();
    await cluster.close();
  });
  return { cluster, space };
}

/**
 * What Knative's controllers do: the applied Service has the first condition at once, and goes on to the next each
 * time a watch is opened, so that every one of them is seen.
 */
function become(first: Condition, ...later: readonly Condition[]): Script {
  const left = [...later];
  const put = (cluster: FakeCluster, object: ApiObject, condition: Condition) => {
    const { name, generation = 1 } = object.metadata;
    cluster.put({ ...object, ...{ status: service(name, { generation, conditions: [condition] }).status } });
  };
  return {
    react: (object, cluster) => put(cluster, object, first),
    answer: ({ query }, cluster) => {
      const object = cluster.get('Service', 'celsius');
      const next = query.has('watch') ? left.shift() : undefined;
      if (object && next) put(cluster, object, next);
      return undefined;
    },
  };
}

function sentObject(cluster: FakeCluster, method: string): unknown {
  return JSON.parse(cluster.seen.find((r) => r.method === method)?.body ?? 'null');
}

t.test('deploy applies one object and waits until it is ready', async (t) => {
  const { cluster, space } = await start(
    t,
    become(ready('Unknown', 'Deploying', 'one moment'), ready('True')),
  );
  const args =
    'deploy --image dev.local/celsius:1 --memory 512Mi --env A=b=c --window 10s --output json'.split(' ');
  const { code, out, err } = await space.run(args);
  t.equal(code, 0, err);
  t.match(JSON.parse(out), { name: 'celsius', namespace: 'space', url: 'http://celsius.space.example.com' });
  t.match(err, /Waiting for celsius: Deploying: one moment/);
  const apply = cluster.seen.find((r) => r.method === 'PATCH');
  t.equal(apply?.path, '/apis/serving.knative.dev/v1/namespaces/space/services/celsius');
  t.equal(apply?.headers['content-type'], 'application/apply-patch+yaml');
  t.equal(apply?.query.get('fieldManager'), 'celsiusify-deploy');
  t.equal(apply?.query.get('force'), 'false');
  t.match(sentObject(cluster, 'PATCH'), {
    spec: {
      traffic: undefined,
      template: {
        metadata: { annotations: { 'autoscaling.knative.dev/window': '10s' } },
        spec: {
          containers: [
            {
              image: 'dev.local/celsius:1',
              env: [{ name: 'A', value: 'b=c' }],
              resources: { limits: { memory: '512Mi' } },
              readinessProbe: { httpGet: { path: '/readyz' } },
              securityContext: { runAsNonRoot: true, readOnlyRootFilesystem: true },
            },
          ],
        },
      },
    },
  });
});

t.test('deploy says why a revision fails', async (t) => {
  const backOff = { state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling "x"' } } };
  const exits = {
    lastState: { terminated: { exitCode: 1, reason: 'Error', message: 'celsiusify: no model\n' } },
  };
  const rows: readonly [string, Condition, ApiObject | undefined, RegExp][] = [
    [
      'an image that is not there',
      ready('False', 'ContainerMissing', 'Unable to fetch image "x": failed to resolve'),
      undefined,
      /revision celsius-00001 failed: ContainerMissing: Unable to fetch.*; check that the cluster can pull dev\.local\/celsius:1; /,
    ],
    [
      'an image that cannot be pulled, known from its pod',
      ready('False', 'RevisionFailed', 'not ready'),
      pod('celsius', 'a', { container: backOff }),
      /failed: ImagePullBackOff: Back-off pulling "x"; check that the cluster can pull/,
    ],
    [
      'a container that exits',
      ready('False', 'ExitCode1', 'Container failed'),
      pod('celsius', 'a', { container: exits }),
      /failed: the container exits with code 1: celsiusify: no model; see its log: kubectl logs/,
    ],
  ];
  for (const [what, condition, podObject, line] of rows) {
    const { cluster, space } = await start(t, become(condition));
    cluster.put(revision('celsius', 1, condition));
    if (podObject) cluster.put(podObject);
    const { code, err } = await space.run(['deploy', '--image', 'x', '--wait-window', '0']);
    t.equal(code, 1, what);
    t.match(err.trimEnd().split('\n').at(-1), line);
  }
});

t.test('deploy does not wait for what the kubelet has given up, nor mind an older revision', async (t) => {
  const { cluster, space } = await start(t, become(ready('Unknown', 'Deploying')));
  const waiting = { reason: 'ImagePullBackOff', message: 'Back-off pulling image "x": no such host' };
  const stuck = pod('celsius', 'b', { container: { state: { waiting } } });
  const old = { ...stuck.metadata.labels, [REVISION_LABEL]: 'celsius-00000' };
  cluster.put({ ...stuck, metadata: { ...stuck.metadata, name: 'a', labels: old } });
  const deploying = space.run(['deploy', '--image', 'x']);
  cluster.put(stuck);
  const { code, err } = await deploying;
  t.match(
    { code, err },
    {
      code: 1,
      err: /revision celsius-00001 failed: ImagePullBackOff: Back-off .*; check that the cluster can pull x; /,
    },
  );
});

t.test('deploy bears a trouble that passes, not a Service that is deleted or never ready', async (t) => {
  const passing = await start(t, become(ready('False', 'RevisionMissing'), ready('True')));
  t.match(await passing.space.run(['deploy', '--image', 'x']), { code: 0, out: /celsius is ready at http:/ });

  const deleted = await start(t, {
    react: (object, cluster) => setImmediate(() => cluster.remove('Service', object.metadata.name)),
  });
  t.match(await deleted.space.run(['deploy', '--image', 'x']), { code: 1, err: /was deleted while/ });

  const never = await start(t, become(ready('Unknown', 'Deploying')));
  const { code, err } = await never.space.run(['deploy', '--image', 'x', '--timeout', '1']);
  t.match(
    { code, err },
    { code: 1, err: /celsius is not ready after 1 s: no reason given; .* status --name celsius/ },
  );
});

t.test('Ctrl-C ends a wait', async (t) => {
  const interrupted = new AbortController();
  const { space } = await start(t, { react: () => setImmediate(() => interrupted.abort()) });
  const { code, err } = await space.run(['deploy', '--image', 'x'], interrupted.signal);
  t.match({ code, err }, { code: 1, err: /knative: interrupted\n$/ });
});

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

/** The function behind the fake ingress: one run ID a host. */
const answerCelsius: NonNullable<Script['answer']> = ({ method, path, body, headers }) => {
  if (method !== 'POST' || path !== '/celsius') return undefined;
  const { fahrenheit } = JSON.parse(body);
  const celsius = fahrenheit.map((f: number) => Math.round(((f - 32) / 1.8) * 10) / 10);
  const runId = `run-of-${headers.host}`;
  return { status: 200, body: { celsius, runId }, headers: { 'x-run-id': mintRunId(Date.now()) } };
};

t.test('invoke', async (t) => {
  const { cluster, space } = await start(t, { answer: answerCelsius });
  cluster.put(
    service('celsius', { traffic: [{ tag: 'next', url: 'http://next-celsius.space.example.com' }] }),
  );
  const ingress = ['--ingress', cluster.url];
  t.match(await space.run(['invoke', '212', '-40', ...ingress]), {
    code: 0,
    out: /^212 °F = 100 °C\n-40 °F = -40 °C\nrun run-of-celsius\.space\.example\.com, [\d.]+ ms\n$/,
  });
  const tagged = await space.run(['invoke', '--tag', 'next', '--output', 'json', ...ingress]);
  t.match(JSON.parse(tagged.out), {
    fahrenheit: [212],
    celsius: [100],
    runId: 'run-of-next-celsius.space.example.com',
    duration_ms: Number,
  });
  t.match(await space.run(['invoke', '--tag', 'nope', ...ingress]), {
    code: 1,
    err: /celsius has no tag nope \(its tags: next\): .* traffic --tag REVISION=nope/,
  });
  t.match(await space.run(['invoke', '--ingress', 'http://127.0.0.1:1']), {
    code: 1,
    err: /no answer from http:\/\/127\.0\.0\.1:1 for host celsius\.space\.example\.com \(ECONNREFUSED\): .*--ingress/,
  });
  cluster.put({ ...service('urlless'), ...{ status: {} } });
  t.match(await space.run(['invoke', '--name', 'urlless']), { code: 1, err: /urlless has no URL yet/ });
});

t.test('invoke of something that is no celsius function', async (t) => {
  const bodies: readonly [number, unknown, RegExp][] = [
    [404, 'no\nsuch page', /answers 404: no such page: .* status/],
    [200, 'hello', /does not answer with 1 °C/],
    [200, { celsius: [1, 2], runId: 'r' }, /does not answer with 1 °C/],
  ];
  for (const [status, body, line] of bodies) {
    const { cluster, space } = await start(t, {
      answer: ({ path }) => (path === '/celsius' ? { status, body } : undefined),
    });
    putReady(cluster, 'celsius');
    t.match(await space.run(['invoke', '--ingress', cluster.url]), { code: 1, err: line });
  }
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

t.test('remove waits until Service and pods are gone', async (t) => {
  const { cluster, space } = await start(t, {
    react: (_, cluster) => setImmediate(() => cluster.remove('Pod', 'a')),
  });
  putReady(cluster, 'celsius');
  cluster.put(pod('celsius', 'a'));
  t.match(await space.run(['remove']), { code: 0, out: /celsius is removed/ });
  t.equal(cluster.get('Pod', 'a'), undefined);
  t.match(await space.run(['remove']), { code: 1, err: /no Knative Service celsius/ });
});

/** A Service that makes a pod when asked, and loses it after its metrics were read. */
function scaling(metrics: string): Script {
  return {
    async answer(request, cluster) {
      if (request.path === '/metrics') {
        setImmediate(() => cluster.remove('Pod', 'a'));
        return { status: 200, body: metrics };
      }
      if (!['/celsius', '/hello'].includes(request.path)) return undefined;
      cluster.put(pod('celsius', 'a'));
      cluster.put(pod('celsius', 'a', { node: 'n' }));
      cluster.put(pod('celsius', 'a', { node: 'n', container: { state: { running: {} } } }));
      setImmediate(() =>
        cluster.put(pod('celsius', 'a', { node: 'n', ready: true, container: { state: { running: {} } } })),
      );
      return answerCelsius(request, cluster) ?? { status: 200, body: 'hello' };
    },
  };
}

t.test('measure writes a tidy CSV file of cold and warm requests', async (t) => {
  const metrics = [
    '# TYPE celsiusify_cold_start_seconds gauge',
    'celsiusify_cold_start_seconds{phase="native"} 0.05',
    'celsiusify_cold_start_seconds{revision="celsius-00001",phase="model"} 0.03',
    'celsiusify_tensors 0',
  ].join('\n');
  const rows: readonly [string, string[], string, string[], string[]][] = [
    ['celsius', [], metrics, ['cold process_started'], ['function_native', 'function_model']],
    ['another image', ['--get', '/hello'], 'hello', [], []],
  ];
  for (const [what, args, text, started, functionPhases] of rows) {
    const { cluster, space } = await start(t, scaling(text));
    putReady(cluster, 'celsius');
    cluster.put(pod('celsius', 'a', { node: 'n', ready: true }));
    const csv = join(space.folder, 'new', 'cold.csv');
    const done = space.run([
      'measure',
      '--count',
      '2',
      '--warm',
      '1',
      '--ingress',
      cluster.url,
      '--csv',
      csv,
      ...args,
    ]);
    cluster.remove('Pod', 'a');
    const { code, out, err } = await done;
    t.equal(code, 0, err);
    t.match(out, /^START +PHASE +COUNT/, what);
    const figures = parseCsv(readFileSync(csv, 'utf8'));
    t.strictSame(
      figures.filter((f) => f.attempt === '2').map((f) => `${f.start} ${f.phase}`),
      [
        ...['total', 'pod_created', 'pod_scheduled', 'container_running', 'pod_ready'].map(
          (p) => `cold ${p}`,
        ),
        ...started,
        'warm total',
        ...functionPhases.map((p) => `cold ${p}`),
      ],
      what,
    );
    t.match(figures[0], { service: 'celsius', image: 'dev.local/celsius:1', attempt: '1', request: '0' });
    const native = figures.filter((f) => f.phase === 'function_native');
    t.ok(
      native.every((f) => f.duration_ms === '50'),
      'seconds became ms',
    );
  }
});

t.test('measure refuses what it cannot measure', async (t) => {
  const { cluster, space } = await start(t);
  const annotations = { 'autoscaling.knative.dev/min-scale': '1' };
  const template = { metadata: { annotations }, spec: { containers: [{ image: 'x' }] } };
  cluster.put(service('kept', { spec: { template } }));
  cluster.put(service('busy'));
  cluster.put(pod('busy', 'a'));
  t.match(await space.run(['measure', '--name', 'kept']), {
    code: 1,
    err: /kept keeps 1 pods at least: .*--min-scale 0/,
  });
  t.match(await space.run(['measure', '--name', 'busy', '--timeout', '1']), {
    code: 1,
    err: /busy still has pods after 1 s/,
  });
});
