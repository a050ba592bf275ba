import type { Part } from '../plan.ts';
import { celsius } from './celsius.ts';
import { drain } from './drain.ts';
import { growth } from './growth.ts';
import { load } from './load.ts';
import { memory } from './memory.ts';
import { memoryLimit } from './memory-limit.ts';
import { mixed } from './mixed.ts';
import { openLoop } from './open-loop.ts';
import { protocols } from './protocols.ts';
import { loading, start } from './start.ts';
import { uploads } from './uploads.ts';

/** All parts, in the order in which they are measured. */
export const parts: readonly Part[] = [
  load,
  loading,
  celsius,
  start,
  drain,
  memory,
  uploads,
  protocols,
  openLoop,
  mixed,
  memoryLimit,
  growth,
];
