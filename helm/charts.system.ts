/**
 * Renders the charts with `helm` (or the command in HELM), for every values file and every option that changes what is
 * made, and looks at the objects. What a cluster says to them is the cluster test's part.
 */
import t, { type Test } from 'tap';
import { at, exec, kinds, type Rendered, render, run, set } from './rendering.ts';
import { WRONG } from './wrong-values.ts';

const kubeconform = process.env.KUBECONFORM;

/** A model from each source. */
const MODELS = set(
  'models.path.path=/opt/half',
  'models.oci.image.reference=registry.example.com/half:1',
  'models.claim.persistentVolumeClaim.claimName=models',
  'models.claim.persistentVolumeClaim.subPath=half',
  'models.small.configMap.name=half',
  'models.far.storageUri=s3:models/half',
  'models.far.versions.latest=2',
  'models.far.labels.stable=1',
  'fetch.envFrom[0].secretRef.name=s3',
);

const variants: [chart: string, name: string, options: string[], kinds: string[]][] = [
  ['celsius', 'defaults', [], ['Deployment', 'HorizontalPodAutoscaler', 'Pod', 'Service', 'ServiceAccount']],
  [
    'celsius',
    'TensorFlow Serving',
    ['-f', 'values-tf-serving.yaml'],
    ['Deployment', 'HorizontalPodAutoscaler', 'Pod', 'Service', 'ServiceAccount'],
  ],
  ['celsius', 'Knative', set('knative.enabled=true'), ['Pod', 'Service', 'ServiceAccount']],
  [
    'celsius',
    'Knative with TensorFlow Serving',
    ['-f', 'values-tf-serving.yaml', ...set('knative.enabled=true')],
    ['Pod', 'Service', 'ServiceAccount'],
  ],
  [
    'celsius',
    'everything',
    set(
      'autoscaling.minReplicas=2',
      'networkPolicy.enabled=true',
      'ingress.enabled=true',
      'httpRoute.enabled=true',
      'httpRoute.parentRefs[0].name=gateway',
      'grpcRoute.enabled=true',
      'grpcRoute.parentRefs[0].name=gateway',
      'serviceMonitor.enabled=true',
      'metrics.port=9464',
      'metrics.token=secret',
    ),
    [
      'Deployment',
      'GRPCRoute',
      'HTTPRoute',
      'HorizontalPodAutoscaler',
      'Ingress',
      'NetworkPolicy',
      'Pod',
      'PodDisruptionBudget',
      'Secret',
      'Service',
      'ServiceAccount',
      'ServiceMonitor',
    ],
  ],
  [
    'celsius',
    'a fixed number of replicas',
    set('autoscaling.enabled=false', 'replicaCount=3', 'serviceAccount.create=false'),
    ['Deployment', 'Pod', 'PodDisruptionBudget', 'Service'],
  ],
  [
    'celsius',
    'KEDA',
    set(
      'autoscaling.keda.enabled=true',
      'autoscaling.keda.serverAddress=http://prometheus:9090',
      'autoscaling.perPod.requestsUnderWay=8',
      'autoscaling.perPod.queueSeconds=0.25',
      'autoscaling.perPod.eventLoopUse=0.7',
    ),
    ['Deployment', 'Pod', 'ScaledObject', 'Service', 'ServiceAccount'],
  ],
  [
    'celsius',
    'models from everywhere',
    [
      ...MODELS,
      ...set(
        'extraObjects[0].apiVersion=v1',
        'extraObjects[0].kind=ConfigMap',
        'extraObjects[0].metadata.name=mine',
      ),
    ],
    ['ConfigMap', 'Deployment', 'HorizontalPodAutoscaler', 'Pod', 'Service', 'ServiceAccount'],
  ],
  [
    'celsius',
    'models from everywhere with Knative',
    [...MODELS, ...set('knative.enabled=true', 'knative.h2c=true')],
    ['Pod', 'Service', 'ServiceAccount'],
  ],
  ['locust', 'a run', [], ['Job', 'Job', 'Service']],
  ['locust', 'web page', set('mode=web'), ['Deployment', 'Deployment', 'Service', 'Service']],
];

for (const [chart, name, options, expected] of variants) {
  t.test(`${chart}: ${name}`, async (t) => {
    await run(chart, ['lint', '--strict'], options);
    const objects = await render(chart, options);
    t.strictSame(kinds(objects), expected);
    for (const object of objects) restricted(t, object);
    if (kubeconform) await schemaSays(t, chart, options);
  });
}

/** What the Pod Security Standard "restricted" asks of a pod, and what we ask besides. */
function restricted(t: Test, object: Rendered) {
  const pod = object.kind === 'Pod' ? object.spec : at(object, 'spec.template.spec');
  if (pod === undefined) return;
  const where = `${object.kind} ${object.metadata?.name}`;
  t.equal(at(pod, 'automountServiceAccountToken'), false, `${where}: no token`);
  const containers = [at(pod, 'containers'), at(pod, 'initContainers')].flat().filter((c) => c !== undefined);
  t.ok(containers.length > 0, `${where}: has containers`);
  for (const container of containers) {
    const security = { ...Object(at(pod, 'securityContext')), ...Object(at(container, 'securityContext')) };
    t.match(
      security,
      {
        runAsNonRoot: true,
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
      },
      `${where}: restricted`,
    );
    t.type(at(container, 'resources.limits.memory'), 'string', `${where}: memory limit`);
  }
}

async function schemaSays(t: Test, chart: string, options: string[]) {
  const child = exec(kubeconform ?? '', [
    '-strict',
    '-summary',
    '-ignore-missing-schemas',
    '-kubernetes-version',
    '1.34.0',
  ]);
  child.child.stdin?.end(await run(chart, ['template', 'release'], options));
  await t.resolves(child, 'kubeconform');
}

for (const { chart, values, says } of WRONG) {
  t.test(`${chart} refuses ${values.join(' ')}`, (t) =>
    t.rejects(run(chart, ['template', 'release'], set(...values)), says),
  );
}
