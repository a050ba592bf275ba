import { ask } from '../http.ts';
import { cannotDropCaches, copyOfNode, dropCaches, limitReadAhead } from '../page-cache.ts';
import {
  type Bench,
  type Known,
  notMeasured,
  present,
  type Question,
  rounds,
  type Step,
  startSeconds,
} from '../plan.ts';
import { row } from '../schema.ts';
import { Session } from '../session.ts';
import type { Measured } from '../store.ts';

/** Reading 850 MB of libraries from a disk. */
const COLD_SECONDS = 3;

/** Process start to first right answer. */
export const coldStart: Question = {
  name: 'cold-start',
  title: 'process start to first right answer',
  targets: ['floor', 'celsiusify-predict', 'tf-serving', 'tf-serving-tuned', 'fastapi'],
  steps(known: Known): Step[] {
    const { settings } = known;
    const targets = present(known, this.targets);
    const warm = rounds(settings.cold_starts, targets).map(({ repeat, target }) => ({
      id: `cold-start/warm/${repeat}/${target}`,
      seconds: startSeconds(target),
      run: (bench: Bench) => startOnce(bench, 'warm', repeat, target),
    }));
    if (!settings.drop_caches) return warm;
    // with tuned flags a cold start is the same reading of the same files
    const readers = targets.filter((id) => id !== 'tf-serving-tuned');
    const cold = rounds(settings.cold_cache_starts, readers).map(({ repeat, target }) => ({
      id: `cold-start/cold/${repeat}/${target}`,
      seconds: startSeconds(target) + COLD_SECONDS,
      run: (bench: Bench) => startOnce(bench, 'cold', repeat, target),
    }));
    return [...warm, ...cold];
  },
};

async function startOnce(
  bench: Bench,
  cache: 'warm' | 'cold',
  repeat: number,
  target: string,
): Promise<Measured> {
  const condition = `cache=${cache} repeat=${repeat}`;
  const why = cache === 'cold' ? cannotDropCaches() : null;
  if (why !== null) return { rows: [notMeasured('cold-start', target, condition, why)], logs: [] };
  const node = copyOfNode(bench.root);
  const setBack = cache === 'cold' ? limitReadAhead(bench.settings.read_ahead_kib) : () => {};
  try {
    if (cache === 'cold') dropCaches();
    return await Session.run(
      bench,
      'cold-start',
      target,
      async (session) => {
        const note = (phase: string, ms: number) =>
          session.add(row('cold-start', { target, cache, repeat, phase, ms }));
        note('first_answer', session.firstAnswer_ms);
        if (session.target.server !== 'celsiusify') return;
        const { body } = await ask(`${session.running.origin}/metrics`, null);
        for (const [, phase = '', seconds] of body.matchAll(
          /^celsiusify_cold_start_seconds\{[^}]*phase="(\w+)"[^}]*\} (\S+)$/gm,
        ))
          note(phase, Number(seconds) * 1000);
      },
      { condition, node },
    );
  } finally {
    setBack();
  }
}
