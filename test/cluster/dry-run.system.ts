/** What the API server says to every values file: a server-side dry run of each object, Pod Security included. */
import { readdirSync } from 'node:fs';
import { type KubernetesObject, loadAllYaml, PatchStrategy } from '@kubernetes/client-node';
import t from 'tap';
import { messageOf } from '../../function/errors.ts';
import { kubeVersion, root, set, startKit } from './kit.ts';

/** Kinds of other projects, which a cluster may not have. */
const OPTIONAL = /^(HTTPRoute|GRPCRoute|ServiceMonitor|ScaledObject)$/;

const everything = set(
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
);
/** A model from each source; Knative allows some of them only by its feature flags. */
const models = set(
  'models.path.path=/opt/half',
  'models.small.configMap.name=half',
  'models.claim.persistentVolumeClaim.claimName=models',
  'models.far.storageUri=s3:models/half',
  'models.far.labels.stable=1',
);
const variants: readonly [chart: string, name: string, options: string[]][] = [
  ...['celsius', 'locust'].flatMap((chart) =>
    readdirSync(`${root}/helm/${chart}`)
      .filter((file) => /^values.*\.yaml$/.test(file))
      .map((file): [string, string, string[]] => [chart, file, ['-f', `helm/${chart}/${file}`]]),
  ),
  ['celsius', 'everything', everything],
  ['celsius', 'models', [...models, ...set('models.oci.image.reference=registry.example.com/half:1')]],
  [
    'celsius',
    'KEDA',
    set(
      'autoscaling.keda.enabled=true',
      'autoscaling.keda.serverAddress=http://p',
      'autoscaling.perPod.requestsUnderWay=8',
    ),
  ],
  ['celsius', 'Knative', set('knative.enabled=true', 'knative.h2c=true')],
  ['celsius', 'Knative with a model', set('knative.enabled=true', 'models.small.configMap.name=half')],
  [
    'celsius',
    'Knative with TensorFlow Serving',
    ['-f', 'helm/celsius/values-tf-serving.yaml', ...set('knative.enabled=true')],
  ],
  ['locust', 'web page', set('mode=web')],
];

t.test('server-side dry run', async (t) => {
  const kit = await startKit(t, 'dry-run');
  const template = ['template', 'release', ...(await kubeVersion(kit))];
  for (const [chart, name, options] of variants) {
    await t.test(`${chart}: ${name}`, async (t) => {
      const yaml = await kit.helm(...template, `helm/${chart}`, ...options);
      const objects: KubernetesObject[] = loadAllYaml(yaml).filter((object) => object);
      t.ok(objects.length > 1, `${objects.length} objects`);
      for (const object of objects) {
        const what = `${object.kind} ${object.metadata?.name}`;
        const named = { ...object, metadata: { ...object.metadata, namespace: kit.namespace } };
        try {
          const { objects: api } = kit.cluster;
          // A ServiceAccount in earnest: Knative's own check of a Service tries a pod with it.
          const dryRun = object.kind === 'ServiceAccount' ? undefined : 'All';
          await api.patch(named, undefined, dryRun, 'celsiusify-test', true, PatchStrategy.ServerSideApply);
          t.pass(what);
        } catch (error) {
          const absent =
            OPTIONAL.test(object.kind ?? '') && /resource metadata|Unrecognized/.test(messageOf(error));
          if (absent) t.comment(`${what}: the cluster has no such kind`);
          else t.fail(`${what}: ${messageOf(error)}`);
        }
      }
    });
  }

  await t.test('a misspelt key is refused, and the message names it', async (t) => {
    const refused = kit.helm(...template, 'helm/celsius', ...set('autoscaling.minReplica=2'));
    await t.rejects(refused, { message: /autoscaling.*minReplica/s });
  });
});
