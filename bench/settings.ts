/** Everything that a run can be told about times and numbers; it stands in environment.json as it is here. */
export interface Settings {
  /** Of what the first page of a report is made of; of all else. */
  readonly repeats: number;
  readonly side_repeats: number;
  /** Of each load: thrown away, then measured. */
  readonly warmup_s: number;
  readonly load_s: number;
  /** Of wrk, which takes whole seconds only; 0: it runs right after autocannon, which has warmed the server up. */
  readonly wrk_warmup_s: number;
  /** Payload sizes are many, so each is shorter. */
  readonly payload_s: number;
  readonly locust_s: number;
  readonly soak_minutes: number;
  readonly cold_starts: number;
  /** Of those from a page cache that was emptied before, each of which reads 850 MB. */
  readonly cold_cache_starts: number;
  /** After a start, so that what it needed and the server gives back is not taken for what it needs at rest. */
  readonly rest_s: number;
  readonly connections: readonly number[];
  /** The short list: wrk, and targets of less interest. */
  readonly few_connections: readonly number[];
  readonly cross_check_connections: number;
  readonly shares: readonly number[];
  /** Of FastAPI's own maximum, which the others' rates are far beyond. */
  readonly fastapi_shares: readonly number[];
  /** An open loop has its own: below saturation a fresh client's own compiling would be its tail. */
  readonly open_warmup_s: number;
  readonly open_load_s: number;
  readonly open_connections: number;
  readonly batch_rows: readonly number[];
  readonly batch_connections: number;
  readonly scaling_rows: readonly number[];
  readonly idle_connections: number;
  readonly idle_repeats: number;
  readonly locust_users: number;
  readonly memory_limits_mib: readonly number[];
  /** Most that disks read ahead for cold starts and memory limits, KiB: Linux's default. */
  readonly read_ahead_kib: number;
  /** Drop the page cache for cold starts and memory limits; needs root. */
  readonly drop_caches: boolean;
}

export const full: Settings = {
  repeats: 5,
  side_repeats: 3,
  warmup_s: 0.3,
  load_s: 1,
  wrk_warmup_s: 0,
  payload_s: 0.4,
  locust_s: 3,
  soak_minutes: 30,
  cold_starts: 10,
  cold_cache_starts: 3,
  rest_s: 2,
  connections: [1, 8, 32, 128],
  few_connections: [1, 32, 128],
  cross_check_connections: 32,
  shares: [0.25, 0.5, 0.75, 0.9, 1.1],
  fastapi_shares: [0.75],
  open_warmup_s: 0.5,
  open_load_s: 1.5,
  open_connections: 128,
  batch_rows: [1, 16, 256, 4096],
  batch_connections: 8,
  scaling_rows: [1, 16, 256, 1024, 4096],
  idle_connections: 10_000,
  idle_repeats: 3,
  locust_users: 32,
  memory_limits_mib: [
    48, 56, 64, 72, 80, 88, 96, 104, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768,
  ],
  read_ahead_kib: 128,
  drop_caches: true,
};

/** For trying the bench out in less than three minutes: every question, hardly a figure to trust. */
export const quick: Settings = {
  ...full,
  repeats: 1,
  side_repeats: 1,
  warmup_s: 0.1,
  load_s: 0.4,
  open_warmup_s: 0.1,
  open_load_s: 0.4,
  payload_s: 0.2,
  locust_s: 1,
  soak_minutes: 1,
  cold_starts: 1,
  rest_s: 0.5,
  connections: [1, 32],
  few_connections: [32],
  shares: [0.5, 1.1],
  fastapi_shares: [0.75],
  scaling_rows: [1, 256],
  batch_rows: [1, 256],
  idle_connections: 500,
  idle_repeats: 1,
  memory_limits_mib: [256],
  drop_caches: false,
};
