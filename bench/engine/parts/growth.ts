import { availableParallelism } from 'node:os';
import type { Outcome } from '../../clients/job.ts';
import { celsius } from '../../known-answers.ts';
import { folderOf, type SavedModel } from '../../models/saved.ts';
import { examplesOf } from '../examples.ts';
import {
  type Bench,
  type Example,
  type Known,
  PAIR,
  type Part,
  rounds,
  type Step,
  serversOf,
} from '../plan.ts';
import { manyRows } from '../rows.ts';
import { type Row, row, type StoredRow } from '../schema.ts';
import { type Entry, type Model, pathOf } from '../served.ts';
import { Server, type StartOptions } from '../server.ts';
import type { Settings } from '../settings.ts';
import { linkVersions } from '../versions.ts';
import { IdleConnections } from './idle.ts';

type Dimension = 'rows' | 'bytes' | 'models' | 'versions' | 'connections' | 'cores';

/** Of the load beside idle connections, and of the one on few cores. */
const CLIENTS = 8;
/** Whose copies fill a process; and who is bound by cores. */
const COPIED: SavedModel = 'encoder';
const BOUND: SavedModel = 'mobilenet_v2';

/** One server's life, in which one dimension grows. */
interface Life {
  readonly dimension: Dimension;
  readonly model: Model;
  /** Tells it from others of its dimension. */
  readonly name: string;
  readonly seconds: number;
  readonly options?: (bench: Bench) => StartOptions;
  use(server: Server, repeat: number): Promise<void>;
}

/** How cost grows, with what a request holds and with what a process holds. */
export const growth: Part = {
  name: 'growth',
  title: 'rows, bytes, models, versions, connections, cores',
  onlyWhenNamed: true,
  models: (chosen) => chosen.filter((model) => model !== 'resnet50'),
  steps(known: Known): Step[] {
    const { settings, models } = known;
    const some = serversOf(known, [...PAIR, 'before']);
    return livesOf(settings)
      .filter(({ model }) => model === 'celsius' || models.includes(model))
      .flatMap((life) =>
        rounds(settings.growth_repeats, some).map(({ repeat, item }) => ({
          id: `growth/${life.dimension}/${life.name}/${repeat}/${item.target.id}`,
          seconds: life.seconds + 1.5,
          run: (bench) => {
            const { dimension, model } = life;
            const condition = `dimension=${dimension} ${life.name} repeat=${repeat}`;
            const use = (server: Server) => life.use(server, repeat);
            return Server.run(
              bench,
              item,
              { part: 'growth', model, condition },
              use,
              life.options?.(bench) ?? {},
            );
          },
        })),
      );
  },
};

function livesOf(settings: Settings): Life[] {
  const cores = Array.from({ length: Math.floor(Math.log2(availableParallelism())) + 1 }, (_, i) => 2 ** i);
  return [
    ...settings.growth_rows.map(({ model, rows }) => rowsLife(settings, model, rows)),
    bytesLife(settings),
    ...settings.growth_models.map((count) => copiesLife(settings, 'models', count)),
    ...settings.growth_versions
      .filter((count) => count > 1 || !settings.growth_models.includes(1))
      .map((count) => copiesLife(settings, 'versions', count)),
    connectionsLife(settings),
    ...cores.map((count) => coresLife(settings, count)),
  ];
}

function rowsLife(settings: Settings, model: SavedModel, sizes: readonly number[]): Life {
  return {
    ...{ dimension: 'rows', model, name: model },
    seconds: settings.settle_s + sizes.length * (settings.growth_s + settings.warmup_s + 0.5),
    use: async (server, repeat) => {
      await server.quiet();
      for (const rows of sizes) {
        const example = manyRows(examplesOf(server.bench, model), rows);
        const found = await load(server, 1, [example]);
        add(server, 'rows', rows, repeat, { connections: 1, ...figuresOf(found, example) });
      }
    },
  };
}

/** Numbers that cost next to nothing to compute, so that what grows is reading and printing them. */
function bytesLife(settings: Settings): Life {
  const sizes = settings.growth_numbers;
  return {
    ...{ dimension: 'bytes', model: 'celsius', name: 'celsius' },
    seconds: settings.settle_s + sizes.length * (settings.growth_s + settings.warmup_s + 0.3),
    use: async (server, repeat) => {
      await server.quiet();
      for (const numbers of sizes) {
        const example = temperatures(numbers);
        const found = await load(server, 1, [example]);
        add(server, 'bytes', numbers, repeat, { connections: 1, ...figuresOf(found, example) });
      }
    },
  };
}

/** Tenths of a degree, all digits of the answers as float32 has them. */
function temperatures(count: number): Example {
  const fahrenheit = Array.from({ length: count }, (_, i) => ((i * 7) % 4001) / 10 - 200);
  const answers = fahrenheit.map((value) => shortest(celsius(value)));
  return {
    body: JSON.stringify({ instances: fahrenheit }),
    answer: JSON.stringify({ predictions: answers }),
    rows: count,
  };
}

/** A float32 with no more digits than tell it from others, as servers print it. */
function shortest(value: number): number {
  const digits = [6, 7, 8].find((count) => Math.fround(Number(value.toPrecision(count))) === value);
  return digits === undefined ? value : Number(value.toPrecision(digits));
}

/** The same model again and again, under other names or as other versions; what they take at rest. */
function copiesLife(settings: Settings, dimension: 'models' | 'versions', count: number): Life {
  const numbers = Array.from({ length: count }, (_, i) => i + 1);
  const nameOf = (i: number) => (i === 1 ? COPIED : `${COPIED}-${i}`);
  const entriesOf = (bench: Bench): Entry[] =>
    dimension === 'models'
      ? numbers.map((i) => ({ name: nameOf(i), folder: folderOf(bench.root, COPIED) }))
      : [{ name: COPIED, folder: linkVersions(bench.root, COPIED, count), all: true }];
  return {
    ...{ dimension, model: COPIED, name: `${count}` },
    seconds: 2 + count * 0.7 + Math.max(1, settings.settle_s),
    options: (bench) => ({ entries: entriesOf(bench) }),
    use: async (server, repeat) => {
      const [example] = server.examples;
      if (example === undefined) throw new Error(`no example of ${COPIED}`);
      const paths = numbers.map((i) => (dimension === 'models' ? pathOf(nameOf(i)) : pathOf(COPIED, i)));
      let ready_ms = server.firstAnswer_ms;
      for (const path of paths) ready_ms = Math.max(ready_ms, await server.answered(path, example));
      await server.quiet();
      add(server, dimension, count, repeat, { ready_ms });
      // one model is one version: a server's life tells both
      if (dimension === 'models' && count === 1 && settings.growth_versions.includes(1))
        add(server, 'versions', count, repeat, { ready_ms });
    },
  };
}

function connectionsLife(settings: Settings): Life {
  const counts = settings.growth_connections;
  return {
    ...{ dimension: 'connections', model: 'celsius', name: 'celsius' },
    seconds: settings.settle_s + counts.length * (settings.growth_s + settings.warmup_s + 0.7),
    use: async (server, repeat) => {
      await server.quiet();
      const idle = await IdleConnections.start(server);
      try {
        for (const count of counts) {
          const errors = await idle.open(count);
          const found = await load(server, CLIENTS);
          const figures = figuresOf(found);
          add(server, 'connections', count, repeat, {
            connections: CLIENTS,
            ...figures,
            errors: errors + found.errors,
          });
        }
      } finally {
        idle.end();
      }
    },
  };
}

function coresLife(settings: Settings, count: number): Life {
  return {
    ...{ dimension: 'cores', model: BOUND, name: `${count}` },
    seconds: settings.settle_s + 2 * settings.growth_s + settings.warmup_s + 1,
    options: () => ({ process: { cpus: count === 1 ? '0' : `0-${count - 1}` } }),
    use: async (server, repeat) => {
      await server.quiet();
      const found = await load(server, CLIENTS, undefined, 2);
      add(server, 'cores', count, repeat, { connections: CLIENTS, ...figuresOf(found) });
    },
  };
}

function load(server: Server, connections: number, examples?: readonly Example[], times = 1) {
  const { growth_s, warmup_s } = server.bench.settings;
  return server.load({
    ...{ connections, warmup_s, duration_s: growth_s * times },
    ...(examples && { examples }),
  });
}

type Figures = Omit<Row<'growth'>, 'dimension' | 'value' | 'model' | 'target' | 'repeat'>;

function figuresOf(found: Outcome, example?: Example) {
  const { duration_s, requests, errors, wrong_answers, p50_ms, p99_ms, server_cpu_us } = found;
  return {
    ...{ duration_s, requests, errors, wrong_answers, requests_per_s: requests / duration_s, p50_ms, p99_ms },
    cpu_us_per_request: server_cpu_us === null || requests === 0 ? null : server_cpu_us / requests,
    request_bytes: example === undefined ? null : example.body.length,
    response_bytes: example === undefined ? null : example.answer.length,
  };
}

const UNKNOWN = {
  ...{ connections: null, duration_s: null, requests: null, errors: null, wrong_answers: null },
  ...{ requests_per_s: null, p50_ms: null, p99_ms: null, cpu_us_per_request: null },
  ...{ request_bytes: null, response_bytes: null, ready_ms: null },
} as const;

function add(
  server: Server,
  dimension: Dimension,
  value: number,
  repeat: number,
  figures: Partial<Figures>,
): void {
  const { rss_bytes = null, anonymous_bytes = null } = server.memory() ?? {};
  const at = { dimension, value, model: server.about.model, target: server.target.id, repeat };
  const added: StoredRow = row('growth', { ...UNKNOWN, ...at, ...figures, rss_bytes, anonymous_bytes });
  server.rows.push(added);
}
