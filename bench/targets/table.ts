import { celsiusifyCelsius, celsiusifyPredict } from './celsiusify.ts';
import { fastapi, fastapiTwoWorkers } from './fastapi.ts';
import { floor } from './floor.ts';
import type { Target } from './target.ts';
import { tfServing, tfServingTuned } from './tf-serving.ts';

/** All that can be measured, in the order in which odd repeats go through them. */
export const targets: readonly Target[] = [
  floor,
  celsiusifyCelsius,
  celsiusifyPredict,
  tfServing,
  tfServingTuned,
  fastapi,
  fastapiTwoWorkers,
];
