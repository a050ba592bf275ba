import type { Cell } from './cluster.ts';

/** Writes a CSV file: its columns without `mode`, and the rows. */
type Save = (file: string, header: string, rows: readonly (readonly Cell[])[]) => void;
type Near = (value: number, spread?: number) => number;

const SERVERS = [
  'celsiusify',
  'tf-serving',
  'tf-serving-one',
  'tf-serving-batching',
  'tf-serving-newest',
  'fastapi',
];
const PAIR = ['celsiusify', 'tf-serving'];
const SPEED: Readonly<Record<string, number>> = { encoder: 150, mobilenet_v2: 120, resnet50: 20, text: 9000 };
const MODELS = Object.keys(SPEED);
const PROBES: Readonly<Record<string, string>> = { celsiusify: '/healthz', fastapi: '/healthz' };

/** models/*.csv of servers that never were; `speeds` says how many times as fast as the slowest each is. */
export function saveModelFiles(
  save: Save,
  near: Near,
  repeats: number,
  speeds: Readonly<Record<string, number>> = {},
): void {
  const speed = (target: string) => speeds[target] ?? (target === 'celsiusify' ? 2 : 1);
  const times = <T>(make: (repeat: number) => T) => Array.from({ length: repeats }, (_, i) => make(i + 1));
  const loads = MODELS.flatMap((model) =>
    SERVERS.flatMap((target) =>
      (PAIR.includes(target) ? [1, 2, 4, 8, 16, 32, 64] : [1, 8]).map((clients) => ({
        model,
        target,
        clients,
      })),
    ),
  );

  const load = loads.flatMap(({ model, target, clients }) =>
    times((repeat) => {
      const rate = near((SPEED[model] ?? 1) * speed(target) * Math.min(2, clients) * 0.5);
      const ms = (clients / rate) * 1000;
      const cells = [
        model,
        target,
        clients,
        repeat,
        1,
        2,
        Math.round(rate * 2),
        0,
        0,
        0,
        rate,
        ms,
        near(ms * 1.1),
        near(ms * 1.4),
      ];
      return [
        ...cells,
        near(ms * 2),
        near(1.6),
        near(0.1),
        0.02,
        near(0.4),
        2,
        4,
        near(2e8),
        near(1e8),
        near(4e8),
        near(1700 / rate),
      ];
    }),
  );
  const python = MODELS.flatMap((model) =>
    times((repeat) => {
      const rate = near((SPEED[model] ?? 1) * 0.5);
      return [
        model,
        'python',
        1,
        repeat,
        1,
        2,
        99,
        0,
        0,
        0,
        rate,
        near(1000 / rate),
        near(1100 / rate),
        near(1300 / rate),
        99,
        0.98,
        '',
        '',
        '',
        '',
        '',
        '',
        '',
        '',
        near(980 / rate),
      ];
    }),
  );
  save(
    'models/load.csv',
    'model,target,clients,repeat,order,duration_s,requests,errors,wrong_answers,unfinished,requests_per_s,p50_ms,p90_ms,p99_ms,max_ms,' +
      'server_cores,client_cores,other_cores,main_thread_ms_per_request,loop_delay_p99_ms,loop_delay_max_ms,rss_bytes,anonymous_bytes,' +
      'peak_rss_bytes,cpu_ms_per_request',
    [...load, ...python],
  );
  save(
    'models/probes.csv',
    'model,target,during,clients,path,repeat,order,answered,refused,errors,p50_ms,p99_ms,max_ms,late_p99_ms',
    loads.flatMap(({ model, target, clients }) =>
      times((repeat) => {
        const ms = 2 / speed(target);
        const path = PROBES[target] ?? `/v1/models/${model}`;
        return [
          model,
          target,
          'load',
          clients,
          path,
          repeat,
          1,
          99,
          0,
          0,
          near(ms),
          near(ms * 4),
          near(ms * 9),
          0.3,
        ];
      }),
    ),
  );
  const each = (
    targets: readonly string[],
    row: (model: string, target: string, repeat: number) => readonly Cell[],
  ) => MODELS.flatMap((model) => targets.flatMap((target) => times((repeat) => row(model, target, repeat))));
  save(
    'models/start.csv',
    'model,target,repeat,order,first_answer_ms,requests_before,rss_bytes,anonymous_bytes,peak_rss_bytes',
    each(SERVERS, (m, t, r) => [m, t, r, 1, near(900 / speed(t)), 1, near(2e8), near(1e8), near(3e8)]),
  );
  save(
    'models/memory.csv',
    'model,target,clients,repeat,order,state,minutes,requests_before,rss_bytes,anonymous_bytes,peak_rss_bytes',
    ['idle', 'loaded'].flatMap((state) =>
      each(SERVERS, (m, t, r) => [m, t, 32, r, 1, state, 0, 5, near(2.2e8), near(1e8), near(4e8)]),
    ),
  );
  save(
    'models/memory-limit.csv',
    'model,target,limit_bytes,repeat,order,outcome,requests,errors,requests_per_s,share_of_unlimited,p99_ms',
    PAIR.flatMap((target) =>
      ['', 512 * 2 ** 20, 256 * 2 ** 20].flatMap((limit) =>
        times((repeat) => [
          'mobilenet_v2',
          target,
          limit,
          repeat,
          1,
          limit === 256 * 2 ** 20 && target === 'celsiusify' ? 'killed' : 'ok',
          99,
          0,
          99,
          1,
          9,
        ]),
      ),
    ),
  );
  saveProtocols(save, near, times, speed);
  saveWaiting(save, near, times, speed);
  saveGrowth(save, near, times, speed);
}

type Times = <T>(make: (repeat: number) => T) => T[];
type Speed = (target: string) => number;

function saveProtocols(save: Save, near: Near, times: Times, speed: Speed): void {
  const shapes: [string, number, number, number][] = [
    ['celsius', 1, 1, 1],
    ['celsius', 1, 32, 1],
    ['celsius', 1, 4, 32],
    ['mobilenet_v2', 16, 1, 1],
    ...MODELS.map((model): [string, number, number, number] => [model, 1, 8, 1]),
  ];
  const ways: [string, string][] = [
    ['celsiusify', 'rest'],
    ['celsiusify', 'v2'],
    ['celsiusify', 'grpc'],
    ['tf-serving-grpc', 'rest'],
    ['tf-serving-grpc', 'grpc'],
    ['floor', 'rest'],
    ['floor', 'grpc'],
  ];
  const inParts: typeof ways = ['rest', 'v2', 'grpc'].map((protocol) => ['celsiusify-batching', protocol]);
  const rows = shapes.flatMap(([model, count, connections, streams]) =>
    [...ways, ...(count > 1 ? inParts : [])].flatMap(([target, protocol]) =>
      times((repeat) => {
        const rate = near(((SPEED[model] ?? 7000) * speed(target)) / count);
        const cells = [model, target, protocol, count, connections, streams, repeat, 1, 3, 100, 99, 0, rate];
        return [...cells, near(1000 / rate), near(9000 / rate), near(9e5 / rate), 20];
      }),
    ),
  );
  save(
    'models/protocols.csv',
    'model,target,protocol,rows,connections,streams,repeat,order,duration_s,body_bytes,requests,errors,requests_per_s,mean_ms,max_ms,' +
      'cpu_us_per_request,client_cpu_us_per_request',
    rows,
  );
}

function saveWaiting(save: Save, near: Near, times: Times, speed: Speed): void {
  const open = [0.25, 0.5, 0.75, 0.9, 1.1].flatMap((share) =>
    PAIR.flatMap((target) =>
      times((repeat) => {
        const ms = near((20 * share) / speed(target));
        const cells = [
          'mobilenet_v2',
          target,
          'tf-serving',
          60,
          share,
          share * 60,
          repeat,
          1,
          3,
          99,
          99,
          0,
          0,
          0,
          share * 60,
        ];
        return [...cells, ms, ms * 1.2, near(ms * 2), ms * 3, ms * 4, ms, ms * 2, 0.1, 0.4, 'false', 9000];
      }),
    ),
  );
  save(
    'models/open-loop.csv',
    'model,target,basis_target,basis_requests_per_s,share_of_basis,rate_per_s,repeat,order,duration_s,intended,requests,errors,' +
      'wrong_answers,unfinished,requests_per_s,p50_ms,p90_ms,p99_ms,p999_ms,max_ms,service_p50_ms,service_p99_ms,late_p50_ms,' +
      'late_p99_ms,client_limited,cpu_us_per_request',
    open,
  );
  const sides: [string, string, string, number, number][] = [
    ['heavy', 'small', 'celsius', 8, 1],
    ['heavy', 'large', 'resnet50', 4, 1],
    ['greedy', 'small', 'encoder', 16, 1],
    ['greedy', 'large', 'encoder', 1, 32],
  ];
  const mixed = sides.flatMap(([scenario, role, model, clients, rows]) =>
    PAIR.flatMap((target) =>
      ['false', 'true'].flatMap((beside) =>
        times((repeat) => {
          const rate = near(((beside === 'true' ? 50 : 100) * speed(target)) / rows);
          const ms = (clients / rate) * 1000;
          const cells = [
            scenario,
            target,
            role,
            beside,
            model,
            clients,
            rows,
            repeat,
            1,
            2,
            99,
            0,
            0,
            0,
            rate,
          ];
          return [...cells, ms, ms * 1.2, near(ms * 1.5), ms * 2];
        }),
      ),
    ),
  );
  save(
    'models/mixed.csv',
    'scenario,target,role,beside,model,clients,rows,repeat,order,duration_s,requests,errors,wrong_answers,unfinished,requests_per_s,' +
      'p50_ms,p90_ms,p99_ms,max_ms',
    mixed,
  );
}

function saveGrowth(save: Save, near: Near, times: Times, speed: Speed): void {
  const dimensions: [string, string, readonly number[]][] = [
    ['rows', 'encoder', [1, 4, 16, 64]],
    ['bytes', 'celsius', [1000, 10_000, 100_000]],
    ['models', 'encoder', [1, 3, 6]],
    ['versions', 'encoder', [1, 4]],
    ['connections', 'celsius', [0, 1000, 4000]],
    ['cores', 'mobilenet_v2', [1, 2]],
  ];
  const rows = dimensions.flatMap(([dimension, model, values]) =>
    PAIR.flatMap((target) =>
      values.flatMap((value) =>
        times((repeat) => {
          const ms = near((5 + value) / speed(target));
          const bytes = near(1e8 + value * 5e4);
          const still = dimension === 'models' || dimension === 'versions';
          const loaded = still
            ? Array(10).fill('')
            : [8, 1, 99, 0, 0, near(60 * value + 1), ms, ms * 2, ms * 900, value * 12];
          return [
            dimension,
            value,
            model,
            target,
            repeat,
            1,
            ...loaded,
            still ? '' : value * 10,
            still ? ms * 100 : '',
            bytes,
            bytes / 2,
          ];
        }),
      ),
    ),
  );
  save(
    'models/growth.csv',
    'dimension,value,model,target,repeat,order,connections,duration_s,requests,errors,wrong_answers,requests_per_s,p50_ms,p99_ms,' +
      'cpu_us_per_request,request_bytes,response_bytes,ready_ms,rss_bytes,anonymous_bytes',
    rows,
  );
}
