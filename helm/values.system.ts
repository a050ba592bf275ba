/** What values of the celsius chart change in the objects that it makes. */
import t from 'tap';
import { at, find, render, set, variables } from './rendering.ts';

t.test('celsius: what values do', async (t) => {
  const deployment = async (...options: string[]) =>
    find(await render('celsius', set(...options)), 'Deployment');
  const image = 'spec.template.spec.containers.0.image';
  t.equal(at(await deployment(), 'spec.replicas'), undefined, 'the autoscaler alone decides on replicas');
  t.equal(at(await deployment('autoscaling.enabled=false', 'replicaCount=2'), 'spec.replicas'), 2);
  t.equal(at(await deployment('image.tag=1'), image), 'celsius:1');
  const digest = `sha256:${'a'.repeat(64)}`;
  t.equal(
    at(await deployment('image.tag=1', `image.digest=${digest}`), image),
    `celsius@${digest}`,
    'a digest wins',
  );
  const token = 'spec.template.metadata.annotations.checksum/metrics-token';
  t.not(
    at(await deployment('metrics.token=a'), token),
    at(await deployment('metrics.token=b'), token),
    'a new token rolls out',
  );
  const env = at(
    await deployment('config.maxQueueRows=10000000', 'config.allowedBatchSizes=2\\,4\\,8'),
    'spec.template.spec.containers.0.env',
  );
  t.match(variables(env), {
    PORT: '8080',
    DRAIN_DELAY_MS: '5000',
    MAX_QUEUE_ROWS: '10000000',
    ALLOWED_BATCH_SIZES: '2,4,8',
    MAX_QUEUE_BYTES: '67108864',
    BODIES_LIMIT_BYTES: '67108864',
    REQUEST_DEADLINE_MS: '30000',
    THREADS: '0',
    FREEZE: 'true',
  });
  const single = await render('celsius', []);
  t.equal(
    find(single, 'PodDisruptionBudget'),
    undefined,
    'one replica: no budget that would block a node drain',
  );
});

/** What one value changes: where in which object (as the client has it: `_from` is `from`), and to what. */
const CHANGES: readonly [values: string[], kind: string, path: string, is: unknown][] = [
  [['models.half.path=/half'], 'Deployment', 'spec.template.spec.volumes.0.name', 'model-config'],
  [
    ['models.half.path=/half', 'models.half.versions.specific={1,3}', 'models.half.labels.stable=1'],
    'Deployment',
    'spec.template.metadata.annotations.celsius~models/config',
    /name: "half"\s+base_path: "\/half".*specific \{ versions: 1 versions: 3 \}.*key: "stable" value: 1 /s,
  ],
  [
    ['models.half.persistentVolumeClaim.claimName=a', 'models.half.persistentVolumeClaim.subPath=b'],
    'Deployment',
    'spec.template.spec.containers.0.volumeMounts.0',
    { name: 'model-0', mountPath: '/models/half', readOnly: true, subPath: 'b' },
  ],
  [
    ['models.half.storageUri=s3:half'],
    'Deployment',
    'spec.template.spec.initContainers.0.args',
    ['copy', '$(STORAGE_URI)', '$(MODEL_PATH)'],
  ],
  [
    ['models.half.configMap.name=half', 'models.half.configMap.version=3'],
    'Deployment',
    'spec.template.spec.volumes.0.projected.sources.0.configMap.items.0.path',
    '3/saved_model.pb',
  ],
  [
    ['models.half.image.reference=r/half:1'],
    'Deployment',
    'spec.template.spec.volumes.0.image.reference',
    'r/half:1',
  ],
  [['modelConfig.configMap=mine'], 'Deployment', 'spec.template.spec.volumes.0.configMap.name', 'mine'],
  [
    ['grpc.port=9000'],
    'Service',
    'spec.ports.1',
    { name: 'grpc', port: 9000, appProtocol: 'kubernetes.io/h2c' },
  ],
  [['grpc.port=0'], 'Service', 'spec.ports.1', undefined],
  [
    ['tls.secretName=web'],
    'Deployment',
    'spec.template.spec.containers.0.readinessProbe.httpGet.scheme',
    'HTTPS',
  ],
  [
    ['tls.secretName=web', 'tls.ports=grpc'],
    'Deployment',
    'spec.template.spec.containers.0.readinessProbe.httpGet.scheme',
    undefined,
  ],
  [['tls.secretName=web'], 'Pod', 'spec.containers.0.args.1', /^https:/],
  [['service.type=NodePort', 'service.nodePort=30080'], 'Service', 'spec.ports.0.nodePort', 30080],
  [['service.trafficDistribution=PreferClose'], 'Service', 'spec.trafficDistribution', 'PreferClose'],
  [['commonLabels.team=web'], 'Deployment', 'spec.template.metadata.labels.team', 'web'],
  [['commonLabels.team=web'], 'Deployment', 'spec.selector.matchLabels.team', undefined],
  [['runtimeClassName=gvisor'], 'Deployment', 'spec.template.spec.runtimeClassName', 'gvisor'],
  [['minReadySeconds=5'], 'Deployment', 'spec.minReadySeconds', 5],
  [
    ['readinessProbe.httpGet=null', 'readinessProbe.grpc.port=8500'],
    'Deployment',
    'spec.template.spec.containers.0.readinessProbe.grpc.port',
    8500,
  ],
  [
    ['autoscaling.perPod.queueSeconds=0.25'],
    'HorizontalPodAutoscaler',
    'spec.metrics.1.pods',
    { metric: { name: 'celsiusify_queue_seconds' }, target: { averageValue: '0.25' } },
  ],
  [
    ['autoscaling.targetMemoryUtilizationPercentage=80', 'autoscaling.targetCPUUtilizationPercentage=null'],
    'HorizontalPodAutoscaler',
    'spec.metrics.0.resource',
    { name: 'memory', target: { averageUtilization: 80 } },
  ],
  [
    ['networkPolicy.enabled=true', 'networkPolicy.from[0].podSelector.matchLabels.app=web'],
    'NetworkPolicy',
    'spec.ingress.0._from.1.podSelector.matchLabels',
    { 'app.kubernetes.io/name': 'celsius-test' },
  ],
  [
    [
      'networkPolicy.enabled=true',
      'networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.a=b',
      'metrics.port=9464',
    ],
    'NetworkPolicy',
    'spec.ingress.1.ports',
    [{ port: 'metrics' }],
  ],
  [
    ['knative.enabled=true', 'knative.h2c=true'],
    'Service',
    'spec.template.spec.containers.0.ports.0.name',
    'h2c',
  ],
  [
    ['knative.enabled=true', 'readinessProbe.httpGet=null', 'readinessProbe.grpc.port=8500'],
    'Service',
    'spec.template.spec.containers.0.readinessProbe.grpc.port',
    8080,
  ],
  [
    ['knative.enabled=true', 'models.half.configMap.name=half'],
    'Service',
    'spec.template.metadata.annotations.celsius~models/config',
    /name: "half"/,
  ],
];
for (const [values, kind, path, is] of CHANGES) {
  t.test(`celsius: ${values.join(' ')}`, async (t) => {
    const object = find(await render('celsius', set(...values)), kind);
    t.match({ value: at(object, path) }, { value: is });
    if (is === undefined) t.equal(at(object, path), undefined);
  });
}

t.test('celsius: TensorFlow Serving', async (t) => {
  const objects = await render('celsius', ['-f', 'values-tf-serving.yaml']);
  const container = at(find(objects, 'Deployment'), 'spec.template.spec.containers.0');
  t.equal(at(container, 'env'), undefined, "none of Celsiusify's variables");
  t.equal(at(container, 'ports.0.containerPort'), 8501);
  t.equal(at(container, 'readinessProbe.httpGet.path'), '/v1/models/celsius');
  t.match(at(find(objects, 'Pod'), 'spec.containers.0.args'), ['--api=predict']);
});

t.test('celsius: Knative', async (t) => {
  const service = find(await render('celsius', set('knative.enabled=true', 'knative.maxScale=5')), 'Service');
  t.equal(service?.apiVersion, 'serving.knative.dev/v1');
  t.match(at(service, 'spec.template.metadata.annotations'), { 'autoscaling.knative.dev/max-scale': '5' });
  const env = at(service, 'spec.template.spec.containers.0.env');
  t.notOk('PORT' in variables(env), 'PORT is Knative’s to set');
  t.match(variables(env), { DRAIN_DELAY_MS: '0' });
});
