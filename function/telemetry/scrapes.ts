import type { Metrics } from './metrics.ts';
import type { AnyRegistry, Exposition } from './prometheus.ts';

/** All figures as text. */
export interface Scrape {
  readonly contentType: string;
  readonly text: string;
}

export type TakeScrape = (exposition: Exposition) => Promise<Scrape>;

/** What makes the text is loaded, and made, when it is first asked for: a cold start does without prom-client. */
export function scrapesOf(metrics: Metrics): TakeScrape {
  const registries = new Map<Exposition, Promise<AnyRegistry>>();
  const registryOf = async (exposition: Exposition) =>
    (await import('./prometheus.ts')).createRegistry(metrics, exposition);
  return async (exposition) => {
    let registry = registries.get(exposition);
    if (registry === undefined) {
      registry = registryOf(exposition);
      registries.set(exposition, registry);
    }
    const { contentType } = await registry;
    return { contentType, text: await (await registry).metrics() };
  };
}
