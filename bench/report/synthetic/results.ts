import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cell, saveClusterFiles } from './cluster.ts';
import { generator, syntheticEnvironment, TARGETS } from './environment.ts';
import { saveModelFiles } from './models.ts';

/**
 * A results folder for tests only, made of pseudo-random numbers and of formulas with no server behind them: it has the
 * format that bench/README.md describes, says "synthetic" wherever a reader could look, and is never kept.
 */
export interface SyntheticOptions {
  readonly mode?: 'full' | 'partial' | 'quick';
  readonly repeats?: number;
  /** Speed by target id; the default numbers the targets 1, 2, 3 … */
  readonly speeds?: Readonly<Record<string, number>>;
  /** Names of CSV files to leave out. */
  readonly without?: readonly string[];
}

export function writeSynthetic(folder: string, options: SyntheticOptions = {}): void {
  const { mode = 'full', repeats = 5, without = [] } = options;
  const random = generator(7);
  const near = (value: number, spread = 0.03) =>
    Number((value * (1 + spread * (random() - 0.5) * 2)).toPrecision(6));
  const speed = (target: string) => options.speeds?.[target] ?? TARGETS.indexOf(target) + 1;
  mkdirSync(folder, { recursive: true });

  const save = (file: string, header: string, rows: readonly (readonly Cell[])[]) => {
    const lines = [`${header},mode`, ...rows.map((row) => [...row, mode].join(','))];
    if (!without.includes(file)) writeFileSync(join(folder, file), `${lines.join('\n')}\n`);
  };
  const each = (
    targets: readonly string[],
    conditions: readonly number[],
    row: (t: string, x: number) => Cell[],
  ) =>
    conditions.flatMap((x) =>
      targets.flatMap((t) =>
        Array.from({ length: repeats }, (_, i) => [t, x, i + 1, i, ...row(t, x)] as readonly Cell[]),
      ),
    );
  const rate = (t: string, c: number) => near((speed(t) * 1000 * c) / (c + 4));
  const percentiles = (ms: number) => [
    near(ms),
    near(ms * 1.4),
    near(ms * 2.5, 0.2),
    near(ms * 5, 0.3),
    near(ms * 12, 0.5),
  ];
  const servers = TARGETS.slice(2);
  const started = TARGETS.filter((t) => t !== 'celsiusify-celsius');

  save(
    'closed-loop.csv',
    'target,connections,repeat,order,duration_s,requests,errors,wrong_answers,requests_per_s,p50_ms,p90_ms,p99_ms,p999_ms,max_ms,' +
      'cpu_us_per_request,client_cpu_us_per_request,rss_bytes,anonymous_bytes,client',
    each(TARGETS, [1, 2, 4, 8, 16, 32, 64, 128], (t, c) => {
      const r = rate(t, c);
      return [
        3,
        Math.round(r * 3),
        0,
        0,
        r,
        ...percentiles((c / r) * 950),
        near(1e6 / speed(t) / 1000),
        near(9),
        near(2e8),
        near(5e7),
        'autocannon',
      ];
    }),
  );
  const cross = [...TARGETS.slice(0, 1), ...servers].flatMap((t) =>
    ['autocannon', 'undici', 'wrk'].flatMap((client) =>
      Array.from({ length: repeats }, (_, i) => {
        const r = rate(t, 32);
        return [t, client, 32, i + 1, i, 3, Math.round(r * 3), 0, r, near(32e3 / r), near(80e3 / r)];
      }),
    ),
  );
  save(
    'cross-check.csv',
    'target,client,connections,repeat,order,duration_s,requests,errors,requests_per_s,p50_ms,p99_ms',
    cross,
  );

  const groups: [string, string[]][] = [
    ['tf-serving', TARGETS.slice(0, 5)],
    ['fastapi', ['celsiusify-predict', 'fastapi', 'fastapi-2-workers']],
  ];
  const open = groups.flatMap(([basis, targets]) =>
    [0.25, 0.5, 0.75, 0.9, 1.1].flatMap((share) =>
      targets.flatMap((t) =>
        Array.from({ length: repeats }, (_, i) => {
          const base = speed(basis) * 900;
          const load = (share * base) / (speed(t) * 900);
          const ms = load >= 1 ? 400 * load : 1 / speed(t) / (1 - load);
          const service = [near(ms / 2), near(ms)];
          const cells = [t, basis, base, share, share * base, i + 1, i, 5, 5000, 5000, 0, 0, 0, share * base];
          return [...cells, ...percentiles(ms), ...service, 0.05, 0.3, 'false', near(1e6 / speed(t) / 1000)];
        }),
      ),
    ),
  );
  save(
    'open-loop.csv',
    'target,basis_target,basis_requests_per_s,share_of_basis,rate_per_s,repeat,order,duration_s,intended,requests,errors,wrong_answers,' +
      'unfinished,requests_per_s,p50_ms,p90_ms,p99_ms,p999_ms,max_ms,service_p50_ms,service_p99_ms,late_p50_ms,late_p99_ms,client_limited,' +
      'cpu_us_per_request',
    open,
  );

  const starts = started.flatMap((t) =>
    ['warm', 'cold'].flatMap((cache) =>
      Array.from({ length: repeats * 2 }, (_, i) => {
        const total = near((cache === 'warm' ? 2000 : 5000) / speed(t), 0.1);
        const phases = t.startsWith('celsiusify') ? ['process', 'bundle', 'native', 'model', 'warmup'] : [];
        return [
          ['first_answer', total] as const,
          ...phases.map((p, k) => [p, near(total * (0.06 + 0.05 * k))] as const),
        ].map(([phase, ms]) => [t, cache, i + 1, i, phase, ms]);
      }).flat(),
    ),
  );
  save('cold-start.csv', 'target,cache,repeat,order,phase,ms', starts);

  const memory = started.flatMap((t) =>
    ['idle', 'thousand', 'loaded'].flatMap((state, k) =>
      Array.from({ length: repeats }, (_, i) => {
        const anonymous = near((4e8 / (speed(t) + 5)) * (1 + k / 5));
        return [
          t,
          state,
          i + 1,
          i,
          [1, 1000, 100000][k] ?? 0,
          1,
          11,
          anonymous + 1e8,
          anonymous + 8e7,
          anonymous,
          1e8,
        ];
      }),
    ),
  );
  save(
    'memory.csv',
    'target,state,repeat,order,requests_before,processes,threads,rss_bytes,pss_bytes,anonymous_bytes,file_bytes',
    memory,
  );

  const batch =
    'target,rows,connections,repeat,order,duration_s,requests,errors,wrong_answers,requests_per_s,rows_per_s,p50_ms,p99_ms,max_ms,' +
    'cpu_us_per_request,cpu_us_per_row,request_bytes,response_bytes';
  const payload = (connections: number, sizes: readonly number[]) =>
    each(servers, sizes, (t, rows) => {
      const ms = (0.2 + rows * 0.0006) / speed(t);
      const r = near((1000 / ms) * Math.min(2, connections));
      return [
        3,
        Math.round(r * 3),
        0,
        0,
        r,
        r * rows,
        near(ms),
        near(ms * 2),
        near(ms * 9),
        near(ms * 900),
        near((ms * 900) / rows),
        18 + rows * 4,
        20 + rows * 5,
      ];
    }).map(([t = '', rows = '', ...rest]) => [t, rows, connections, ...rest]);
  save('batch-rows.csv', batch, payload(8, [1, 16, 256, 4096]));
  save('payload-scaling.csv', batch, payload(1, [1, 4, 16, 64, 256, 1024, 4096]));
  save(
    'large-tensor.csv',
    'target,numbers_in,numbers_out,connections,repeat,order,duration_s,requests,errors,wrong_answers,requests_per_s,p50_ms,p90_ms,p99_ms,' +
      'max_ms,cpu_ms_per_request,request_bytes,response_bytes',
    each(TARGETS.slice(2, 5), [50000], (t) => {
      const ms = near(200 / speed(t));
      return [5, 100, 0, 0, 1000 / ms, ms, ms * 1.1, ms * 1.3, ms * 2, ms, 300000, 900000];
    }).map(([t = '', x = '', ...rest]) => [t, x, 100000, 1, ...rest]),
  );
  save(
    'locust.csv',
    'target,users,workers,repeat,order,duration_s,requests,failures,requests_per_s,p50_ms,p90_ms,p99_ms,p999_ms,max_ms,cpu_us_per_request,client_limited',
    each(servers, [32], (t) => {
      const r = Math.min(rate(t, 32), near(3100));
      return [
        10,
        Math.round(r * 10),
        0,
        r,
        ...percentiles((32 / r) * 900),
        near(1e6 / speed(t) / 1000),
        'false',
      ];
    }).map(([t = '', x = '', ...rest]) => [t, x, 1, ...rest]),
  );
  const limits = servers.slice(0, 4).flatMap((t) =>
    ['', 512 * 2 ** 20, 256 * 2 ** 20, 128 * 2 ** 20, 64 * 2 ** 20].flatMap((limit) =>
      Array.from({ length: 3 }, (_, i) => {
        const share = limit === '' || Number(limit) * speed(t) > 3e8 ? 1 : 0.4;
        return [t, limit, i + 1, i, share === 1 ? 'ok' : 'killed', 1000, 0, share * 1000, share, 3];
      }),
    ),
  );
  save(
    'memory-limit.csv',
    'target,limit_bytes,repeat,order,outcome,requests,errors,requests_per_s,share_of_unlimited,p99_ms',
    limits,
  );
  save(
    'idle-connections.csv',
    'target,connections,repeat,order,errors,rss_before_bytes,rss_after_bytes,anonymous_before_bytes,anonymous_after_bytes,bytes_per_connection,' +
      'p50_without_ms,p99_without_ms,p50_with_ms,p99_with_ms',
    each(servers.slice(0, 2), [10000], (t) => [
      0,
      1e8,
      2e8,
      5e7,
      1.5e8,
      near(40000 / speed(t)),
      0.2,
      near(1),
      0.2,
      near(1.1),
    ]),
  );
  saveClusterFiles(save, near, repeats);
  mkdirSync(join(folder, 'models'), { recursive: true });
  saveModelFiles(save, near, repeats, options.speeds);
  save('not-measured.csv', 'question,target,condition,reason', [
    ['soak', '', '', 'not asked for in this synthetic run'],
    ['image-size', '', '', 'no image was built in this synthetic run'],
  ]);
  const environment = syntheticEnvironment(mode, repeats);
  writeFileSync(join(folder, 'environment.json'), `${JSON.stringify(environment, undefined, 2)}\n`);
}
