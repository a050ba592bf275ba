import { column, divide } from '../figures.ts';
import { atMost, type Promised, promise } from './promise.ts';

const SWITCHING = (model: string) => `switching/switches-${model}.csv`;

/** Of issue 17, models and versions. */
export const MODELS: readonly Promised[] = [
  ...(
    [
      ['celsius', '1,000 switches of celsius under 32 clients'],
      ['mobilenet_v2', '20 switches of MobileNetV2 under 8 clients'],
    ] as const
  ).flatMap(([model, label]) => [
    promise(17, `${label}: failed requests`, atMost(0), 'count', [
      () => column(SWITCHING(model), { phase: 'switching' }, 'failed'),
    ]),
    promise(17, `${label}: wrong answers`, atMost(0), 'count', [
      () => column(SWITCHING(model), { phase: 'switching' }, 'wrong'),
    ]),
  ]),
  promise(17, 'memory at rest after the 1,000 switches ÷ before', atMost(1.05), '×', [
    () =>
      divide(
        column('switching/memory-celsius.csv', { state: 'rest', switches: 1000 }, 'rss_bytes'),
        column('switching/memory-celsius.csv', { state: 'rest', switches: 0 }, 'rss_bytes'),
      ),
  ]),
];
