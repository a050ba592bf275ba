/** Questions about real models: the parts of bench/engine, put between the others' questions. */
import { growth } from '../engine/parts/growth.ts';
import { load } from '../engine/parts/load.ts';
import { memoryLimit } from '../engine/parts/memory-limit.ts';
import { mixed } from '../engine/parts/mixed.ts';
import { openLoop } from '../engine/parts/open-loop.ts';
import { protocols } from '../engine/parts/protocols.ts';
import type { Part, Measured as PartMeasured } from '../engine/plan.ts';
import { type ModelFile, modelFile } from '../model-files.ts';
import type { Question } from '../plan.ts';
import type { StoredRow } from '../schema.ts';
import type { Measured } from '../store.ts';

const OURS = 'celsiusify';
const SERVING = 'tf-serving';

function questionOf(
  part: Part,
  file: ModelFile,
  targets: readonly string[],
  needs: ModelFile[] = [],
): Question {
  return {
    name: file,
    title: part.title,
    targets,
    ofModels: true,
    needs,
    models: (chosen) => part.models(chosen),
    steps({ models }) {
      const ready = models.ready.filter(({ target }) => targets.includes(target.id));
      return part.steps({ ...models, ready }).map((step) => ({
        id: `models/${step.id}`,
        seconds: step.seconds,
        run: async (bench) => renamed(await step.run(bench.models)),
      }));
    },
  };
}

/** All of them, in the order in which they are asked. */
export const modelQuestions: readonly Question[] = [
  questionOf(load, 'models/load', [
    OURS,
    SERVING,
    'tf-serving-one',
    'tf-serving-batching',
    'tf-serving-newest',
    'bentoml',
    'python',
  ]),
  questionOf(openLoop, 'models/open-loop', [OURS, SERVING], ['models/load']),
  questionOf(protocols, 'models/protocols', [OURS, 'celsiusify-batching', 'tf-serving-grpc', 'floor']),
  questionOf(mixed, 'models/mixed', [OURS, SERVING]),
  questionOf(memoryLimit, 'models/memory-limit', [OURS, SERVING]),
  questionOf(growth, 'models/growth', [OURS, SERVING]),
];

/** Files of bench/engine stand in a folder of their own, except what was not measured. */
function renamed({ rows, logs }: PartMeasured): Measured<string> {
  return { rows: rows.map(renamedRow), logs };
}

function renamedRow({ file, cells }: PartMeasured['rows'][number]): StoredRow<string> {
  if (file !== 'not-measured') return { file: modelFile(file), cells };
  const { part, model, target = null, condition, reason = null } = cells;
  return {
    file,
    cells: { question: `models/${part}`, target, condition: `model=${model} ${condition}`.trim(), reason },
  };
}
