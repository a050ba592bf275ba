/**
 * Wrong values of the charts, and a part of what Helm says to each: what people mistype, and what does not go together.
 * `npm run docs:charts` writes the whole of it into docs/wrong-values.md.
 */
export interface Wrong {
  readonly chart: 'celsius' | 'locust';
  /** As in `--set`. */
  readonly values: readonly string[];
  readonly says: RegExp;
}

const celsius = (says: RegExp, ...values: string[]): Wrong => ({ chart: 'celsius', values, says });
const locust = (says: RegExp, ...values: string[]): Wrong => ({ chart: 'locust', values, says });
const unknown = (key: string) => new RegExp(`additional properties '${key}' not allowed`);

export const WRONG: readonly Wrong[] = [
  // keys that are not there: ours
  celsius(unknown('livenesProbe'), 'livenesProbe.periodSeconds=1'),
  celsius(unknown('drainDelay'), 'config.drainDelay=1'),
  celsius(unknown('minReplica'), 'autoscaling.minReplica=2'),
  celsius(unknown('claim'), 'models.half.persistentVolumeClaim.claim=models'),
  celsius(unknown('pvc'), 'models.half.pvc=models'),
  celsius(unknown('ports'), 'grpc.ports=8500'),
  celsius(unknown('nodeport'), 'service.nodeport=30080'),
  celsius(unknown('concurrency'), 'knative.concurrency=10'),
  celsius(
    unknown('sectionname'),
    'httpRoute.parentRefs[0].name=gateway',
    'httpRoute.parentRefs[0].sectionname=http',
  ),
  celsius(unknown('allow'), 'networkPolicy.allow[0].podSelector.matchLabels.app=web'),
  // keys that are not there: Kubernetes'
  celsius(unknown('runAsNonroot'), 'securityContext.runAsNonRoot=null', 'securityContext.runAsNonroot=true'),
  celsius(unknown('fsgroup'), 'podSecurityContext.fsgroup=65532'),
  celsius(unknown('limit'), 'resources.limit.cpu=1'),
  celsius(unknown('nodeaffinity'), 'affinity.nodeaffinity.x=1'),
  celsius(unknown('postStop'), 'lifecycle.postStop.exec.command[0]=true'),
  celsius(unknown('scaleup'), 'autoscaling.behavior.scaleup.selectPolicy=Max'),
  celsius(unknown('initialDelay'), 'livenessProbe.initialDelay=5'),
  celsius(unknown('key'), 'envFrom[0].secretRef.name=a', 'envFrom[0].secretRef.key=b'),
  celsius(unknown('maxSurg'), 'strategy.rollingUpdate.maxSurg=1'),
  celsius(unknown('hostpath'), 'extraVolumes[0].name=a', 'extraVolumes[0].hostpath.path=/'),
  // values that may not be
  celsius(/value must be one of 'trace', 'debug'/, 'config.logLevel=loud'),
  celsius(/value must be one of 'auto', 'loop', 'pool'/, 'config.run=everywhere'),
  celsius(/threads': .*maximum: got 5,?000, want 1,?024/s, 'config.threads=5000'),
  celsius(/drainDelayMs': .*got string, want/s, 'config.drainDelayMs=5s'),
  celsius(/does not match pattern/, 'image.digest=latest'),
  celsius(/repository': minLength/, 'image.repository='),
  celsius(/value must be one of 'Always', 'IfNotPresent', 'Never'/, 'image.pullPolicy=always'),
  celsius(/does not match pattern/, 'resources.requests.cpu=lots'),
  celsius(/does not match pattern/, 'resources.limits.memory=256MB'),
  celsius(/value must be one of 'Exists', 'Equal'/, 'tolerations[0].operator=Equals'),
  celsius(
    /missing property 'whenUnsatisfiable'/,
    'topologySpreadConstraints[0].maxSkew=1',
    'topologySpreadConstraints[0].topologyKey=zone',
  ),
  celsius(/missing property 'name'/, 'extraEnv[0].value=1'),
  celsius(/maximum: got 70,?000, want 65,?535/, 'containerPort=70000'),
  celsius(/value must be one of 'ClusterIP', 'NodePort', 'LoadBalancer'/, 'service.type=nodePort'),
  celsius(unknown('my model'), 'models.my model.path=/models/half'),
  celsius(/missing property 'claimName'/, 'models.half.persistentVolumeClaim.subPath=half'),
  celsius(/minimum: got 0, want 1/, 'models.half.path=/half', 'models.half.versions.latest=0'),
  celsius(/maximum: got 2, want 1/, 'autoscaling.perPod.eventLoopUse=2'),
  celsius(/does not match pattern/, 'knative.window=soon'),
  // what does not go together
  celsius(
    /17 s must be more than config.drainDelayMs \+ config.drainTimeoutMs \(17000 ms\)/,
    'terminationGracePeriodSeconds=17',
    'config.drainTimeoutMs=12000',
  ),
  celsius(
    /autoscaling.minReplicas: 4 is more than autoscaling.maxReplicas \(3\)/,
    'autoscaling.minReplicas=4',
  ),
  celsius(/a share of resources.requests.cpu, which is not there/, 'resources.requests.cpu=null'),
  celsius(
    /a share of resources.requests.memory, which is not there/,
    'autoscaling.targetMemoryUtilizationPercentage=80',
    'resources.requests.memory=null',
    'resources.limits.memory=null',
  ),
  celsius(/autoscaling: there is no metric to scale by/, 'autoscaling.targetCPUUtilizationPercentage=null'),
  celsius(
    /autoscaling.perPod wants the address of Prometheus/,
    'autoscaling.keda.enabled=true',
    'autoscaling.perPod.requestsUnderWay=8',
  ),
  celsius(/grpc.port: is 8080, as containerPort is/, 'grpc.port=8080'),
  celsius(/metrics.port: is 8500, as grpc.port is/, 'metrics.port=8500'),
  celsius(/metrics.port: is 9464, as service.port is/, 'metrics.port=9464', 'service.port=9464'),
  celsius(/a Service of type ClusterIP has none/, 'service.nodePort=30080'),
  celsius(
    /models.half: give one of path, image, .*, not path and storageUri/,
    'models.half.path=/half',
    'models.half.storageUri=s3:half',
  ),
  celsius(/models.half: give one of path/, 'models.half.labels.stable=1'),
  celsius(
    /models.half.versions: give one of latest, all, specific/,
    'models.half.path=/half',
    'models.half.versions.latest=1',
    'models.half.versions.all=true',
  ),
  celsius(
    /labels.stable: version 3 is none of versions.specific/,
    'models.half.path=/half',
    'models.half.versions.specific={1,2}',
    'models.half.labels.stable=3',
  ),
  celsius(
    /config.modelsDir: models and modelConfig say which models/,
    'models.half.path=/half',
    'config.modelsDir=/models',
  ),
  celsius(
    /models, modelConfig.configMap: give one of them/,
    'models.half.path=/half',
    'modelConfig.configMap=models',
  ),
  celsius(
    /networkPolicy.egress lets nothing out/,
    'models.half.storageUri=s3:half',
    'networkPolicy.enabled=true',
  ),
  celsius(
    /livenessProbe: give one of httpGet, grpc, tcpSocket, exec, not httpGet and grpc/,
    'livenessProbe.grpc.port=8500',
  ),
  celsius(/readinessProbe: give one of/, 'readinessProbe.httpGet=null'),
  celsius(/startupProbe.successThreshold: Kubernetes takes 1 only/, 'startupProbe.successThreshold=2'),
  celsius(/maxSurge and maxUnavailable are both 0/, 'strategy.rollingUpdate.maxSurge=0'),
  celsius(/goes with type RollingUpdate; set it to null/, 'strategy.type=Recreate'),
  celsius(
    /grpcRoute needs one/,
    'grpc.port=0',
    'grpcRoute.enabled=true',
    'grpcRoute.parentRefs[0].name=gateway',
  ),
  celsius(/the CA is in the Secret that tls.secretName names/, 'tls.clientCa=true'),
  celsius(
    /livenessProbe.grpc: the kubelet asks by gRPC without TLS/,
    'tls.secretName=a',
    'livenessProbe.httpGet=null',
    'livenessProbe.grpc.port=8500',
  ),
  celsius(/httpRoute.parentRefs: name a Gateway/, 'httpRoute.enabled=true'),
  celsius(/a Knative Service has one port only/, 'knative.enabled=true', 'metrics.port=9464'),
  celsius(/knative.window: 5s is not from 6s to 1h/, 'knative.enabled=true', 'knative.window=5s'),
  celsius(/knative.window: 1h30m is not from 6s to 1h/, 'knative.enabled=true', 'knative.window=1h30m'),
  celsius(
    /knative.minScale: 4 is more than knative.maxScale \(3\)/,
    'knative.enabled=true',
    'knative.minScale=4',
  ),
  celsius(
    /more than knative.containerConcurrency \(10\) lets through/,
    'knative.enabled=true',
    'knative.containerConcurrency=10',
  ),
  celsius(/9090 is the port of Knative's own container/, 'knative.enabled=true', 'containerPort=9090'),
  // the other chart
  locust(/does not match pattern/, 'target.host=celsius'),
  locust(unknown('second'), 'load.second=1'),
  locust(unknown('runAsRoot'), 'securityContext.runAsRoot=true'),
  locust(/minimum: got 0, want 1/, 'workers=0'),
];
