import type { Part } from '../plan.ts';
import { celsius } from './celsius.ts';
import { drain } from './drain.ts';
import { grpc } from './grpc.ts';
import { load } from './load.ts';
import { memory } from './memory.ts';
import { pictures } from './pictures.ts';
import { loading, start } from './start.ts';
import { uploads } from './uploads.ts';

/** All parts, in the order in which they are measured. */
export const parts: readonly Part[] = [load, loading, celsius, start, drain, memory, uploads, grpc, pictures];
