import { LoadClient } from '../../clients/client.ts';
import type { Outcome } from '../../clients/job.ts';
import { examplesOf } from '../examples.ts';
import {
  type Bench,
  type Known,
  type Measured,
  PAIR,
  type Part,
  type ReadyServer,
  rounds,
  type Step,
  serversOf,
} from '../plan.ts';
import { manyRows } from '../rows.ts';
import { row } from '../schema.ts';
import { type Model, pathOf, versionsOf } from '../served.ts';
import { Server } from '../server.ts';
import type { Settings } from '../settings.ts';

interface Side {
  readonly model: Model;
  readonly clients: number;
  readonly rows: number;
}

interface Scenario {
  readonly name: 'heavy' | 'greedy';
  readonly large: Side;
  readonly small: Side;
}

/** Who waits for whom: small requests alone, and while large ones keep the same process busy. */
export const mixed: Part = {
  name: 'mixed',
  title: 'small requests beside large ones in one process',
  onlyWhenNamed: true,
  models: (chosen) => chosen.filter((model) => model === 'resnet50' || model === 'encoder'),
  steps(known: Known): Step[] {
    const { settings } = known;
    const some = serversOf(known, [...PAIR, 'before']);
    const needed = this.models(known.models);
    return scenariosOf(settings)
      .filter(({ large }) => large.model === 'celsius' || needed.includes(large.model))
      .flatMap((scenario) =>
        rounds(settings.repeats, some).map(({ repeat, item }) => ({
          id: `mixed/${scenario.name}/${repeat}/${item.target.id}`,
          seconds: 4 + settings.settle_s + 3 * (settings.mixed_s + settings.warmup_s + 1),
          run: (bench) => measure(bench, item, scenario, repeat),
        })),
      );
  },
};

function scenariosOf(settings: Settings): Scenario[] {
  const { heavy_clients, heavy_small_clients, greedy_rows, greedy_small_clients } = settings;
  return [
    {
      name: 'heavy',
      large: { model: 'resnet50', clients: heavy_clients, rows: 1 },
      small: { model: 'celsius', clients: heavy_small_clients, rows: 1 },
    },
    {
      name: 'greedy',
      large: { model: 'encoder', clients: 1, rows: greedy_rows },
      small: { model: 'encoder', clients: greedy_small_clients, rows: 1 },
    },
  ];
}

async function measure(
  bench: Bench,
  item: ReadyServer,
  { name, large, small }: Scenario,
  repeat: number,
): Promise<Measured> {
  const { settings } = bench;
  const about = {
    part: 'mixed',
    model: large.model,
    condition: `scenario=${name} repeat=${repeat}`,
  } as const;
  const second = await LoadClient.start(bench.cpus.client);
  const stop = () => second.stop();
  bench.signal.addEventListener('abort', stop);
  const use = async (server: Server) => {
    if (small.model !== large.model) await untilThere(bench, server, small.model);
    await server.quiet();
    const load = ({ model, clients, rows }: Side, client: LoadClient) =>
      server.load({
        ...{ connections: clients, warmup_s: settings.warmup_s, duration_s: settings.mixed_s, client },
        path: pathOf(model),
        examples: rows === 1 ? singles(bench, model) : [manyRows(examplesOf(bench, model), rows)],
      });
    const add = (role: 'small' | 'large', { model, clients, rows }: Side, beside: boolean, found: Outcome) =>
      server.rows.push(
        row('mixed', {
          ...{ scenario: name, target: item.target.id, role, beside, model, clients, rows, repeat },
          ...figuresOf(found),
        }),
      );
    add('small', small, false, await load(small, bench.client));
    add('large', large, false, await load(large, bench.client));
    const [foundSmall, foundLarge] = await Promise.all([load(small, second), load(large, bench.client)]);
    add('small', small, true, foundSmall);
    add('large', large, true, foundLarge);
  };
  const names = [...new Set([large.model, small.model])];
  const entries = names.map((model) => ({ name: model, folder: versionsOf(bench.root, model) }));
  try {
    return await Server.run(bench, item, about, use, { entries });
  } finally {
    bench.signal.removeEventListener('abort', stop);
    stop();
  }
}

/** Waits until the other model answers, too. @throws Error for a wrong answer */
async function untilThere(bench: Bench, server: Server, model: Model): Promise<void> {
  const [first] = examplesOf(bench, model);
  if (first !== undefined) await server.answered(pathOf(model), first);
}

function singles(bench: Bench, model: Model) {
  return examplesOf(bench, model).filter(({ rows }) => rows === 1);
}

function figuresOf(found: Outcome) {
  const { duration_s, requests, errors, wrong_answers, unfinished } = found;
  const { p50_ms, p90_ms, p99_ms, max_ms } = found;
  return {
    ...{ duration_s, requests, errors, wrong_answers, unfinished },
    requests_per_s: requests / duration_s,
    ...{ p50_ms, p90_ms, p99_ms, max_ms },
  };
}
