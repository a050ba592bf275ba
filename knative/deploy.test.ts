import t from 'tap';
import type { ApiObject } from './fake-cluster.ts';
import { become, pod, ready, revision, sentObject, start } from './fixtures.ts';
import { type Condition, REVISION_LABEL } from './types.ts';

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

t.test('what a Service gets unasked, and what it may be given', async (t) => {
  const rows: readonly [string, string, unknown, unknown][] = [
    [
      'nothing said',
      '',
      { automountServiceAccountToken: false, enableServiceLinks: false, volumes: undefined },
      {
        ports: [{ name: undefined, containerPort: 8080 }],
        resources: { requests: { cpu: '250m', memory: '256Mi' }, limits: { memory: '256Mi' } },
        livenessProbe: { httpGet: { path: '/healthz' }, periodSeconds: 10, timeoutSeconds: 3 },
        volumeMounts: undefined,
      },
    ],
    [
      'no probes, and gRPC',
      '--liveness-path none --readiness-path tcp --protocol h2c --port 9000',
      {},
      {
        ports: [{ name: 'h2c', containerPort: 9000 }],
        livenessProbe: undefined,
        readinessProbe: undefined,
      },
    ],
    [
      'models from volumes',
      '--pvc models=/models --config-map config=/etc/models --secret tls=/etc/tls',
      {
        volumes: [
          { name: 'volume-1', persistentVolumeClaim: { claimName: 'models', readOnly: true } },
          { name: 'volume-2', configMap: { name: 'config' } },
          { name: 'volume-3', secret: { secretName: 'tls' } },
        ],
      },
      {
        volumeMounts: [
          { name: 'volume-1', mountPath: '/models', readOnly: true },
          { name: 'volume-2', mountPath: '/etc/models', readOnly: true },
          { name: 'volume-3', mountPath: '/etc/tls', readOnly: true },
        ],
      },
    ],
  ];
  for (const [what, args, spec, container] of rows) {
    const { cluster, space } = await start(t, become(ready('True')));
    const more = args.split(' ').filter((arg) => arg !== '');
    t.match(await space.run(['deploy', '--image', 'x', ...more]), { code: 0 }, what);
    const sent = { spec: { template: { spec: { ...Object(spec), containers: [container] } } } };
    t.match(sentObject(cluster, 'PATCH'), sent, what);
  }
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
