import type { Question } from '../plan.ts';
import { batchRows, payloadScaling } from './batch-rows.ts';
import { closedLoop } from './closed-loop.ts';
import { coldStart } from './cold-start.ts';
import { crossCheck } from './cross-check.ts';
import { idleConnections } from './idle-connections.ts';
import { imageSize } from './image-size.ts';
import { largeTensor } from './large-tensor.ts';
import { locust } from './locust.ts';
import { memory } from './memory.ts';
import { memoryLimit } from './memory-limit.ts';
import { modelQuestions } from './models.ts';
import { openLoop } from './open-loop.ts';
import { soak } from './soak.ts';

/** All questions, in the order in which they are asked. */
export const questions: readonly Question[] = [
  closedLoop,
  crossCheck,
  openLoop,
  coldStart,
  memory,
  batchRows,
  payloadScaling,
  largeTensor,
  locust,
  idleConnections,
  memoryLimit,
  ...modelQuestions,
  imageSize,
  soak,
];
