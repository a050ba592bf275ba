import { Histogram, type Registry } from 'prom-client';
import type { Distribution, Exemplar } from './distribution.ts';

type Labels = Record<string, string>;
type Series = Iterable<readonly [Labels, Distribution]>;

/** A histogram whose counts are those of Distributions. */
export class DistributionHistogram extends Histogram<string> {
  readonly #metric: { readonly name: string; readonly help: string };
  readonly #series: () => Series;

  constructor(registry: Registry, name: string, help: string, series: () => Series) {
    super({ name, help, registers: [registry] });
    this.#metric = { name, help };
    this.#series = series;
  }

  /** Where prom-client takes a histogram's values from, for text and for get(); its types leave it out. */
  async getForPromString() {
    const values = [...this.#series()].flatMap(([labels, distribution]) =>
      this.#values(labels, distribution),
    );
    return { ...this.#metric, type: 'histogram', aggregator: 'sum', values };
  }

  #values(sharedLabels: Labels, { buckets, count, sum }: Distribution) {
    const { name } = this.#metric;
    return [
      ...buckets.map(({ le, total, exemplar }) => ({
        metricName: `${name}_bucket`,
        labels: { le },
        sharedLabels,
        value: total,
        exemplar: exemplarOf(exemplar),
      })),
      { metricName: `${name}_sum`, labels: {}, sharedLabels, value: sum },
      { metricName: `${name}_count`, labels: {}, sharedLabels, value: count },
    ];
  }
}

/** As prom-client prints it, in OpenMetrics alone. */
function exemplarOf(exemplar: Exemplar | undefined) {
  if (exemplar === undefined) return undefined;
  const { traceId, value, time } = exemplar;
  return { labelSet: { trace_id: traceId }, value, timestamp: time };
}
