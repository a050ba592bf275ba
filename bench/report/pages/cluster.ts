import { column, type Figure } from '../figures.ts';
import { type Markup, typst } from '../typst.ts';
import { type Context, cell, get, table, whyNot } from './context.ts';

/** What the cluster tests measured, as far as their files are there. */
export function clusterPage(context: Context): Markup {
  return typst`
= In the cluster
${knative(context)}
${autoscaling(context)}
`;
}

function autoscaling(context: Context): Markup {
  return typst`*Autoscaling.* ${whyNot(context, 'cluster-hpa')}`;
}

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
  const services = [...new Set(results.rows(file).map((row) => row.service ?? ''))];
  if (services.length === 0) return typst`*Knative, from zero.* ${whyNot(context, 'knative-cold-start')}`;
  const of = (service: string, start: string, phase: string): Figure | undefined =>
    get(
      context,
      column(
        file,
        { service, start, phase, ...(start === 'warm' ? { request: firstWarm(context, service) } : {}) },
        'duration_ms',
      ),
      'ms',
    );
  const lines = services.map((service) => [
    service,
    cell(context, of(service, 'cold', 'total')),
    ...STEPS.map(([phase]) => cell(context, of(service, 'cold', phase))),
    cell(context, of(service, 'warm', 'total')),
  ]);
  return table({
    caption: typst`Knative: the whole time of a request that finds no pod, the steps of it as the API server tells them (each from the one before), and of the next request, which finds one.`,
    head: ['service', 'from zero', ...STEPS.map(([, name]) => name), 'warm'],
    lines,
  });
}

/** The first warm request of each attempt, so that an attempt stays one observation. */
function firstWarm({ results }: Context, service: string): string {
  return results.rows('knative-cold-start.csv', { service, start: 'warm' })[0]?.request ?? '';
}
