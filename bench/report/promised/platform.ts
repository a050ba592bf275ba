import { column, subtract } from '../figures.ts';
import { atLeast, atMost, type Promised, promise } from './promise.ts';

const SLOW = [
  ['one_replica', 'one replica'],
  ['scaled', '1 to 3 replicas'],
  ['knative_chart', 'Knative by the chart'],
  ['knative_client', 'Knative by the client'],
] as const;

const slow = (event: string, name: string) => column('cluster-slow.csv', { event }, name);

/** Of issue 19, the platform: what the cluster tests counted. */
export const PLATFORM: readonly Promised[] = [
  ...SLOW.flatMap(([event, label]) => {
    const what = `runs of 0.5 s, 8 clients for 150 s, ${label}`;
    return [
      promise(19, `${what}: requests lost`, atMost(0), 'count', [() => slow(event, 'lost')]),
      promise(19, `${what}: restarts`, atMost(0), 'count', [() => slow(event, 'restarts')]),
      promise(19, `${what}: looks at the Service that found no pod in it`, atMost(0), 'count', [
        () => subtract(slow(event, 'samples'), slow(event, 'samples_ready')),
      ]),
    ];
  }),
  promise(19, 'runs of 0.5 s, 8 clients for 150 s, 1 to 3 replicas: most replicas', atLeast(2), 'count', [
    () => slow('scaled', 'most_replicas'),
  ]),
  promise(19, 'a new version copied into a volume under load: requests lost', atMost(0), 'count', [
    () => column('cluster-volume.csv', { event: 'new_version' }, 'lost'),
  ]),
  promise(19, 'a roll-out with 16 gRPC connections that stay: calls lost', atMost(0), 'count', [
    () => column('cluster-grpc.csv', { event: 'rollout' }, 'lost'),
  ]),
];
