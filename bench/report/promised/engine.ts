import { NEWEST, SERVING } from '../models.ts';
import {
  atLeast,
  atMost,
  beside,
  celsius,
  either,
  load,
  OURS,
  over,
  overBest,
  overBestIn,
  type Promised,
  probe,
  promise,
  REAL,
} from './promise.ts';

/** Of issue 16, the engine. */
export const ENGINE: readonly Promised[] = [
  ...(['p99_ms', 'max_ms'] as const).map((name) =>
    promise(
      16,
      `GET /healthz, 32 clients of ResNet-50, ${name === 'p99_ms' ? 'p99' : 'max'}`,
      atMost(name === 'p99_ms' ? 20 : 100),
      'ms',
      either('probes', { ...probe, model: 'resnet50', during: 'load', clients: 32 }, name),
    ),
  ),
  ...(['p99_ms', 'max_ms'] as const).map((name) =>
    promise(
      16,
      `GET /healthz while a model of 1 GB loads, ${name === 'p99_ms' ? 'p99' : 'max'}`,
      atMost(name === 'p99_ms' ? 20 : 100),
      'ms',
      either('probes-loading', { ...probe, model: 'big', during: 'loading' }, name),
    ),
  ),
  ...REAL.map(([model, label]) =>
    promise(
      16,
      `p99 ÷ p50, 32 clients, ${label}`,
      atMost(1.6),
      '×',
      over('load', load(model, 32), 'p99_ms', load(model, 32), 'p50_ms'),
    ),
  ),
  ...REAL.map(([model, label], i) =>
    promise(
      16,
      `requests/s, 8 clients ÷ one thread of Python, ${label}`,
      atLeast([1.8, 2.2, 2.2][i] ?? 0),
      '×',
      over('load', load(model, 8), 'requests_per_s', { model, target: 'python' }),
    ),
  ),
  ...REAL.map(([model, label], i) =>
    promise(
      16,
      `requests/s, 8 clients ÷ TensorFlow Serving’s best, ${label}`,
      atLeast([1.4, 1.5, 1.2][i] ?? 0),
      '×',
      overBest(model, 8, 'requests_per_s', 'higher'),
    ),
  ),
  ...REAL.map(([model, label], i) =>
    beside(
      'newest',
      promise(
        16,
        `requests/s, 8 clients ÷ the newest TensorFlow Serving’s, default flags, ${label}`,
        atLeast([1.4, 1.5, 1.2][i] ?? 0),
        '×',
        over('load', load(model, 8), 'requests_per_s', load(model, 8, NEWEST)),
      ),
    ),
  ),
  ...REAL.map(([model, label], i) =>
    promise(
      16,
      `requests/s, 8 clients, bfloat16 ÷ TensorFlow Serving’s best, its bfloat16 included, ${label}`,
      atLeast([1.5, 1.5, 2.5][i] ?? 0),
      '×',
      [
        overBestIn('engine/bfloat16.csv', model, 8, 'requests_per_s', 'higher', 'celsiusify-bfloat16', [
          ...SERVING,
          'tf-serving-bfloat16',
        ]),
      ],
    ),
  ),
  ...REAL.map(([model, label], i) =>
    promise(
      16,
      `one client’s p50 ÷ TensorFlow Serving’s best, ${label}`,
      atMost([0.6, 0.6, 0.8][i] ?? 0),
      '×',
      overBest(model, 1, 'p50_ms', 'lower'),
    ),
  ),
  ...REAL.map(([model, label], i) =>
    beside(
      'newest',
      promise(
        16,
        `one client’s p50 ÷ the newest TensorFlow Serving’s, default flags, ${label}`,
        atMost([0.6, 0.6, 0.8][i] ?? 0),
        '×',
        over('load', load(model, 1), 'p50_ms', load(model, 1, NEWEST)),
      ),
    ),
  ),
  ...[1, 32, 128].map((connections) =>
    promise(
      16,
      `celsius, requests/s ÷ the commit before, ${connections} connections`,
      atLeast(0.98),
      '×',
      over('celsius', celsius(OURS, connections), 'requests_per_s', celsius('before', connections)),
    ),
  ),
  ...(
    [
      ['first_answer_ms', 'start'],
      ['rss_bytes', 'resident memory'],
      ['anonymous_bytes', 'anonymous memory'],
    ] as const
  ).map(([name, label]) =>
    promise(
      16,
      `celsius, ${label} ÷ the commit before`,
      atMost(1),
      '×',
      over('start', { model: 'celsius', target: OURS }, name, { model: 'celsius', target: 'before' }),
    ),
  ),
  ...(['resnet50', 'mobilenet_v2'] as const).flatMap((model) => [
    promise(
      16,
      `memory, 32 clients ÷ TensorFlow Serving’s, ${model === 'resnet50' ? 'ResNet-50' : 'MobileNetV2'}`,
      atMost(1),
      '×',
      over('load', load(model, 32), 'rss_bytes', load(model, 32, 'tf-serving')),
    ),
    promise(
      16,
      `… five minutes later, ${model === 'resnet50' ? 'ResNet-50' : 'MobileNetV2'}`,
      atMost(0.9),
      '×',
      over('memory', { model, target: OURS, state: 'rested' }, 'rss_bytes', {
        model,
        target: 'tf-serving',
        state: 'rested',
      }),
    ),
  ]),
  promise(
    16,
    'requests sent around SIGTERM, 16 clients, runs of 0.5 s',
    atLeast(200),
    'count',
    either('drain', { target: OURS }, 'sent'),
    true,
  ),
  promise(
    16,
    'requests lost around SIGTERM',
    atMost(0),
    'count',
    either('drain', { target: OURS }, 'lost'),
    true,
  ),
  promise(
    16,
    '408 answers to uploads of 3 MB, 32 clients',
    atMost(0),
    'count',
    either('uploads', { target: OURS }, 'status_408'),
    true,
  ),
  promise(
    16,
    'longest delay of the event loop, 32 clients of ResNet-50',
    atMost(5),
    'ms',
    either('load', load('resnet50', 32), 'loop_delay_max_ms'),
  ),
  promise(
    16,
    'a picture as JSON: time on the event loop',
    atMost(0.5),
    'ms',
    either('load', load('mobilenet_v2', 1), 'main_thread_ms_per_request'),
  ),
];
