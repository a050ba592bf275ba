import type { SavedModel } from '../models/saved.ts';

/** A load of h2load's: rows a request, connections, and requests at once on each. */
export interface ProtocolShape {
  readonly rows: number;
  readonly connections: number;
  readonly streams: number;
}

/** Arrivals at fixed rates. */
export interface OpenLoad {
  readonly model: SavedModel;
  /** Of the slower server's maximum. */
  readonly shares: readonly number[];
  /** At each rate, so long that there are answers enough. */
  readonly load_s: number;
}

const shape = (rows: number, connections: number, streams = 1): ProtocolShape => ({
  rows,
  connections,
  streams,
});

/** Times and numbers of a run; environment.json has them as they are here. */
export interface Settings {
  readonly repeats: number;
  readonly clients: readonly number[];
  /** Of those, for targets of less interest. */
  readonly few_clients: readonly number[];
  /** Of next to nothing done, between a server's first answers and the first load: it may still make itself faster. */
  readonly settle_s: number;
  /** How many times as long as others the loads of a model are: ResNet-50 answers some twenty requests a second. */
  readonly longer: Readonly<Record<string, number>>;
  /** Of each load: thrown away, then measured. */
  readonly warmup_s: number;
  readonly load_s: number;
  readonly probe_every_ms: number;
  readonly celsius_connections: readonly number[];
  /** wrk takes whole seconds. */
  readonly celsius_warmup_s: number;
  readonly celsius_s: number;
  readonly starts: number;
  readonly drains: number;
  readonly drain_clients: number;
  /** Of one run of the slow model, where it has a core for itself. */
  readonly drain_run_ms: number;
  /** Of load before SIGTERM. */
  readonly drain_load_s: number;
  readonly memory_clients: number;
  readonly memory_load_s: number;
  readonly rest_minutes: number;
  readonly upload_clients: number;
  readonly upload_minutes: number;
  readonly protocol_repeats: number;
  /** By model; `others` have none of their own. */
  readonly protocol_loads: Readonly<Record<'celsius' | 'mobilenet_v2' | 'others', readonly ProtocolShape[]>>;
  readonly protocol_warmup_s: number;
  readonly protocol_s: number;
  readonly open_loads: readonly OpenLoad[];
  readonly open_connections: number;
  readonly open_warmup_s: number;
  readonly mixed_s: number;
  /** Of ResNet-50, and of celsius beside them. */
  readonly heavy_clients: number;
  readonly heavy_small_clients: number;
  /** Rows of the one client's requests, and clients of one row beside it. */
  readonly greedy_rows: number;
  readonly greedy_small_clients: number;
  readonly limit_models: readonly SavedModel[];
  readonly limit_clients: number;
  readonly limit_s: number;
  readonly memory_limits_mib: readonly number[];
  /** Most that disks read ahead meanwhile, KiB: Linux's default. */
  readonly read_ahead_kib: number;
  readonly growth_repeats: number;
  readonly growth_s: number;
  readonly growth_rows: readonly { readonly model: SavedModel; readonly rows: readonly number[] }[];
  readonly growth_numbers: readonly number[];
  readonly growth_models: readonly number[];
  readonly growth_versions: readonly number[];
  readonly growth_connections: readonly number[];
}

const SHARES = [0.25, 0.5, 0.75, 0.9, 1.1];
/** The one that celsius' servers are compared at. */
const ONE_SHARE = [0.75];

export const full: Settings = {
  repeats: 5,
  clients: [1, 8, 32],
  few_clients: [1, 8, 32],
  settle_s: 3,
  longer: { resnet50: 2 },
  warmup_s: 2,
  load_s: 8,
  probe_every_ms: 20,
  celsius_connections: [1, 32, 128],
  celsius_warmup_s: 1,
  celsius_s: 3,
  starts: 10,
  drains: 8,
  drain_clients: 16,
  drain_run_ms: 600,
  drain_load_s: 3,
  memory_clients: 32,
  memory_load_s: 30,
  rest_minutes: 5,
  upload_clients: 32,
  upload_minutes: 3,
  protocol_repeats: 3,
  protocol_loads: {
    celsius: [shape(1, 1), shape(1, 32), shape(1, 4, 32)],
    mobilenet_v2: [shape(1, 1), shape(1, 8), shape(16, 1)],
    others: [shape(1, 1), shape(1, 8)],
  },
  protocol_warmup_s: 1,
  protocol_s: 3,
  open_loads: [
    { model: 'encoder', shares: SHARES, load_s: 5 },
    { model: 'mobilenet_v2', shares: SHARES, load_s: 5 },
  ],
  open_connections: 64,
  open_warmup_s: 1,
  mixed_s: 4,
  heavy_clients: 4,
  heavy_small_clients: 8,
  greedy_rows: 32,
  greedy_small_clients: 16,
  limit_models: ['mobilenet_v2', 'resnet50'],
  limit_clients: 8,
  limit_s: 3,
  memory_limits_mib: [96, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 1024],
  read_ahead_kib: 128,
  growth_repeats: 5,
  growth_s: 2,
  growth_rows: [
    { model: 'encoder', rows: [1, 4, 16, 64] },
    { model: 'mobilenet_v2', rows: [1, 4, 8] },
  ],
  growth_numbers: [100, 1000, 10_000, 100_000],
  growth_models: [1, 4, 8],
  growth_versions: [1, 2, 4],
  growth_connections: [0, 1000, 2000, 4000],
};

/** Of `npm run bench`, where real models are one part of half an hour: more clients, shorter loads. */
export const beside: Settings = {
  ...full,
  repeats: 3,
  longer: { resnet50: 2.5, mobilenet_v2: 1.5 },
  clients: [1, 2, 4, 8, 16, 32, 64],
  few_clients: [1, 8],
  settle_s: 1.2, // Celsiusify looks once a second whether it can give memory back
  warmup_s: 0.3,
  load_s: 1,
  protocol_loads: {
    celsius: [shape(1, 1), shape(1, 32), shape(1, 4, 32)],
    mobilenet_v2: [shape(1, 8), shape(16, 1)],
    others: [shape(1, 8)],
  },
  protocol_warmup_s: 0.3,
  protocol_s: 1,
  open_loads: [
    { model: 'encoder', shares: ONE_SHARE, load_s: 2 },
    { model: 'mobilenet_v2', shares: SHARES, load_s: 2 },
    { model: 'resnet50', shares: ONE_SHARE, load_s: 4 },
    { model: 'text', shares: ONE_SHARE, load_s: 1.5 },
  ],
  open_warmup_s: 0.5,
  mixed_s: 1.5,
  limit_models: ['encoder', 'mobilenet_v2', 'resnet50', 'text'],
  limit_s: 2,
  memory_limits_mib: [96, 128, 192, 256, 320, 448, 640, 1024],
  growth_repeats: 2, // slopes have no intervals
  growth_s: 1,
  growth_rows: [{ model: 'encoder', rows: [1, 8, 64] }],
  growth_numbers: [1000, 10_000, 100_000],
  growth_models: [1, 3, 6],
  growth_versions: [1, 2, 4],
  growth_connections: [0, 2000, 4000],
};

/** What makes one short repeat of it. */
const SHORT = {
  repeats: 1,
  settle_s: 1,
  warmup_s: 1,
  load_s: 3,
  celsius_s: 1,
  starts: 1,
  drains: 1,
  memory_load_s: 5,
  rest_minutes: 0.1,
  upload_minutes: 0.2,
  protocol_repeats: 1,
  protocol_s: 1,
  growth_repeats: 1,
};

/** For trying it out: hardly a figure to trust. */
export const quick: Settings = { ...full, ...SHORT };

/** The same beside celsius' questions: within a minute or so. */
export const quickBeside: Settings = {
  ...beside,
  ...SHORT,
  clients: [1, 8],
  few_clients: [8],
  settle_s: 0.3,
  warmup_s: 0.1,
  load_s: 0.4,
  protocol_loads: { celsius: [shape(1, 32)], mobilenet_v2: [shape(1, 8)], others: [shape(1, 8)] },
  protocol_warmup_s: 0.1,
  protocol_s: 0.4,
  open_loads: [{ model: 'encoder', shares: [0.5, 1.1], load_s: 0.4 }],
  open_warmup_s: 0.1,
  mixed_s: 0.4,
  greedy_rows: 8,
  limit_models: ['encoder'],
  limit_s: 0.4,
  memory_limits_mib: [],
  growth_s: 0.2,
  growth_rows: [{ model: 'encoder', rows: [1, 8] }],
  growth_numbers: [100, 10_000],
  growth_models: [],
  growth_versions: [],
  growth_connections: [0, 200],
};
