import type { Part } from '../plan.ts';
import { celsius } from './celsius.ts';
import { drain } from './drain.ts';
import { load } from './load.ts';
import { memory } from './memory.ts';
import { protocols } from './protocols.ts';
import { loading, start } from './start.ts';
import { uploads } from './uploads.ts';

/** All parts, in the order in which they are measured. */
export const parts: readonly Part[] = [load, loading, celsius, start, drain, memory, uploads, protocols];
