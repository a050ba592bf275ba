/** A load of h2load's: rows a request, connections, and requests at once on each. */
export interface ProtocolShape {
  readonly rows: number;
  readonly connections: number;
  readonly streams: number;
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
  /** Between a server's first answers and the first load, as long as it may need to make itself faster. */
  readonly settle_s: number;
  /** Of each load: thrown away, then measured. ResNet-50 has twice that: it answers some ten requests a second. */
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
}

export const full: Settings = {
  repeats: 5,
  clients: [1, 8, 32],
  settle_s: 3,
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
};

/** For trying it out: hardly a figure to trust. */
export const quick: Settings = {
  ...full,
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
};
