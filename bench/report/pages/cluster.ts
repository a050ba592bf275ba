import { column, type Figure, type Unit } from '../figures.ts';
import { timeline } from '../plots/timeline.ts';
import { OURS } from '../questions.ts';
import type { Row } from '../results.ts';
import { type Markup, typst } from '../typst.ts';
import { type Context, cell, get, type PlotUse, plots, table, whyNot } from './context.ts';

/** What the cluster tests measured, as far as their files are there. */
export async function clusterPage(context: Context): Promise<Markup> {
  if (FILES.every((file) => context.results.rows(file).length === 0)) {
    return typst`
= In the cluster
${whyNot(context, 'knative-cold-start')}
`;
  }
  return typst`
= In the cluster
${knative(context)}
${await autoscaling(context)}
${rollout(context)}
${helm(context)}
`;
}

const FILES = ['knative-cold-start.csv', 'cluster-hpa.csv', 'cluster-rollout.csv', 'cluster-helm.csv'];

const STEPS = [
  ['pod_created', 'pod made'],
  ['pod_scheduled', 'scheduled'],
  ['container_running', 'container runs'],
  ['pod_ready', 'ready'],
] as const;

/** Knative: a request that finds no pod, by step; each attempt is one observation. */
function knative(context: Context): Markup {
  const { results } = context;
  const file = 'knative-cold-start.csv';
  const services = [...new Set(results.rows(file).map((row) => row.service ?? ''))].sort();
  if (services.length === 0) return typst`*Knative, from zero.* ${whyNot(context, 'knative-cold-start')}`;
  const of = (service: string, start: string, phase: string, request: number): Figure | undefined =>
    get(context, column(file, { service, start, phase, request }, 'duration_ms'), 'ms');
  const lines = services.map((service) => [
    service,
    cell(context, of(service, 'cold', 'total', 0)),
    ...STEPS.map(([phase]) => cell(context, of(service, 'cold', phase, 0))),
    // The first one after the cold one, so that an attempt stays one observation.
    cell(context, of(service, 'warm', 'total', 1)),
  ]);
  return table({
    caption: typst`Knative: the whole time of a request that finds no pod, the steps of it as the API server tells them (each from the one before), and of the next request, which finds one. A service that only says hello is the floor.`,
    head: ['service', 'from zero', ...STEPS.map(([, name]) => name), 'warm'],
    lines,
  });
}

const HPA = 'cluster-hpa.csv';

/** The autoscaler under Locust: replicas and requests/s, second by second. */
async function autoscaling(context: Context): Promise<Markup> {
  const rows = context.results.rows(HPA);
  const most = Math.max(...rows.map((row) => Number(row.ready_replicas)));
  if (rows.length === 0) return typst`*Autoscaling.* ${whyNot(context, 'cluster-hpa')}`;
  const uses: PlotUse[] = [];
  for (const [path, name, title, step] of [
    ['hpa-replicas', 'ready_replicas', 'ready replicas', true],
    ['hpa-throughput', 'requests_per_s', 'requests/s, by Locust', false],
  ] as const) {
    const alt = `${title} over the seconds of the test.`;
    const svg = await timeline({
      frame: { width: 243, height: 92, margin: { top: 20, right: 8, bottom: 30, left: 30 } },
      title,
      description: alt,
      points: rows.map((row) => ({ t: Number(row.t_s), value: Number(row[name]) })),
      step,
      target: OURS,
    });
    uses.push({ path: `plots/${path}.svg`, svg, alt });
  }
  return plots(context, typst`Autoscaling: ${scalingText(context, rows, most)}`, uses);
}

function scalingText({ ledger }: Context, rows: readonly Row[], most: number): Markup {
  const time = (row: Row | undefined) => (row === undefined ? undefined : Number(row.t_s));
  const up = time(rows.find((row) => Number(row.ready_replicas) === most));
  const end = time(rows.findLast((row) => Number(row.users) > 0));
  const down = time(rows.find((row) => Number(row.t_s) > (end ?? 0) && Number(row.ready_replicas) === 1));
  const failures = rows.reduce((sum, row) => sum + Number(row.failures_per_s), 0);
  const seconds = (value: number, rule: string) => ledger.derived(value, 's', `${HPA}: ${rule}`);
  const count = ledger.derived(most, 'count', `${HPA}: largest ready_replicas`);
  const said = [
    up === undefined
      ? typst``
      : typst`${count} replicas are ready ${seconds(up, 't_s of the first row with the largest ready_replicas')} after the load’s start`,
    end === undefined || down === undefined
      ? typst``
      : typst`, and one is left ${seconds(down - end, 't_s of the first row with one ready replica after the last with users, less that of that last')} after its end`,
  ] as const;
  return typst`${said[0]}${said[1]}. Failed requests: ${ledger.derived(Math.round(failures), 'count', `${HPA}: sum of failures_per_s, a row for each second`)}.`;
}

const EVENTS: Readonly<Record<string, string>> = {
  rollout: 'roll-out',
  pod_deleted: 'a pod deleted',
  autoscaler_scale_down: 'scale-down by the autoscaler',
};

/** Requests while pods come and go: how many were lost. */
function rollout(context: Context): Markup {
  const file = 'cluster-rollout.csv';
  const events = [...new Set(context.results.rows(file).map((row) => row.event ?? ''))];
  if (events.length === 0) return typst`*Roll-outs under load.* ${whyNot(context, 'cluster-rollout')}`;
  const lines = events.map((event) => {
    const of = (name: string, unit: Unit, like?: number) =>
      cell(context, get(context, column(file, { event }, name), unit), like);
    return [
      EVENTS[event] ?? event,
      of('requests', 'count'),
      of('lost', 'count'),
      of('wrong_answers', 'count'),
      of('event_s', 's'),
      of('p50_ms', 'ms', 1),
      of('p99_ms', 'ms', 1),
      of('max_ms', 'ms', 1),
    ];
  });
  return table({
    caption: typst`Requests from inside the cluster while pods come and go, every answer checked. Each event was made once.`,
    head: ['', 'requests', 'lost', 'wrong', 'it took', 'p50, ms', 'p99, ms', 'max, ms'],
    lines,
  });
}

const LIFE = [
  ['install_to_available', 'install'],
  ['available_to_first_answer', 'first answer'],
  ['helm_test', 'helm test'],
  ['upgrade_to_rolled_out', 'upgrade'],
  ['rollback_to_rolled_out', 'rollback'],
  ['uninstall_to_no_pods', 'uninstall'],
] as const;

/** The chart's life, from install to no pods left. */
function helm(context: Context): Markup {
  const file = 'cluster-helm.csv';
  const servers = [...new Set(context.results.rows(file).map((row) => row.server ?? ''))];
  if (servers.length === 0) return typst`*The chart.* ${whyNot(context, 'cluster-helm')}`;
  const lines = servers.map((server) => [
    server,
    ...LIFE.map(([step]) => cell(context, get(context, column(file, { server, step }, 'duration_ms'), 'ms'))),
  ]);
  return table({
    caption: typst`The chart’s life: from each Helm command until what it asked for is there; the first answer is asked through the Service, from when the Deployment is available.`,
    head: ['', ...LIFE.map(([, name]) => name)],
    lines,
  });
}
