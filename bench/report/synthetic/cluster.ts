export type Cell = string | number;

type Save = (file: string, header: string, rows: readonly (readonly Cell[])[]) => void;

/** The files of the cluster tests, as knative/ and test/cluster/ write them, of a cluster that never was. */
export function saveClusterFiles(save: Save, near: (value: number) => number, repeats: number): void {
  const phases = ['total', 'pod_created', 'pod_scheduled', 'container_running', 'pod_ready'];
  const attempts = ['celsius', 'hello'].flatMap((service, k) =>
    Array.from({ length: repeats }, (_, i) => [
      ...phases.map((phase, p) => [service, 'image', i + 1, 'cold', 0, phase, near(800 / (p + 1) / (k + 1))]),
      ...[1, 2].map((request) => [service, 'image', i + 1, 'warm', request, 'total', near(8)]),
    ]).flat(),
  );
  save('knative-cold-start.csv', 'service,image,attempt,start,request,phase,duration_ms', attempts);

  const replicas = (t: number) => (t < 10 ? 1 : t < 20 ? 2 : t < 120 ? 3 : 1);
  const seconds = Array.from({ length: 150 }, (_, t) => {
    const loaded = t > 0 && t < 90;
    return [
      t,
      replicas(t),
      replicas(t),
      loaded ? 32 : 0,
      loaded ? near(1000 * replicas(t)) : 0,
      0,
      loaded ? 5 : '',
    ];
  });
  save('cluster-hpa.csv', 't_s,replicas,ready_replicas,users,requests_per_s,failures_per_s,p50_ms', seconds);

  save(
    'cluster-rollout.csv',
    'event,rate_per_s,connections,requests,lost,wrong_answers,processes,event_s,duration_s,p50_ms,p99_ms,max_ms',
    ['rollout', 'pod_deleted', 'autoscaler_scale_down'].map((event, i) => [
      event,
      800,
      16,
      20000 + i,
      0,
      0,
      3,
      12.5 + i,
      25,
      2,
      9,
      31,
    ]),
  );

  const steps = [
    'install_to_available',
    'available_to_first_answer',
    'helm_test',
    'upgrade_to_rolled_out',
    'rollback_to_rolled_out',
    'uninstall_to_no_pods',
  ];
  const life = Array.from({ length: repeats }, (_, i) =>
    steps.map((step) => ['celsius', 'image', i + 1, step, near(3000)]),
  );
  save('cluster-helm.csv', 'server,image,repeat,step,duration_ms', life.flat());

  save(
    'cluster-slow.csv',
    'event,requests,lost,samples,samples_ready,restarts,most_replicas,cpu_s,p50_ms,max_ms',
    ['one_replica', 'scaled', 'knative_chart', 'knative_client'].map((event) => {
      return [event, 300, 0, 29, 29, 0, event === 'scaled' ? 3 : 1, 140, 4000, 6000];
    }),
  );
  save('cluster-volume.csv', 'event,requests,lost,wrong_answers', [['new_version', 2000, 0, 0]]);
  save('cluster-grpc.csv', 'event,connections,calls,lost', [['rollout', 16, 2000, 0]]);
}
