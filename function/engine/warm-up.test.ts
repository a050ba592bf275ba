import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Code, RequestError } from '../errors.ts';
import { loadVersion, type SavedModel, type ServedSignature } from '../model/saved-model.ts';
import type { TensorBytes } from '../native/raw-engine.ts';
import {
  celsiusSignature,
  describedModel,
  modelFolder,
  testEngine,
  testModel,
  testRunner,
} from '../testing/app.ts';
import { MeteredRunner } from '../testing/runs.ts';
import { isHarmless, warmUp } from './warm-up.ts';

/** A runner that keeps what it is to run, and refuses some signatures, by their index. */
function refusing(errors: ReadonlyMap<number, unknown> = new Map()) {
  const seen: (readonly [number, readonly TensorBytes[]])[] = [];
  return {
    seen,
    async run(signature: number, inputs: readonly TensorBytes[]) {
      seen.push([signature, inputs]);
      if (errors.has(signature)) throw errors.get(signature);
      return [];
    },
  };
}

type Shape = number[] | undefined;
const described = (...signatures: Partial<ServedSignature>[]): SavedModel =>
  describedModel(
    ...signatures.map((one, index) => ({ ...celsiusSignature(one.name ?? `no. ${index}`), index, ...one })),
  );
const inputs = (...shapes: Shape[]) =>
  shapes.map((shape, i) => ({ key: `${i}`, name: `${i}:0`, dtype: 'DT_FLOAT', shape }));

t.test('each signature that can be served is run on zeros', async (t) => {
  const runner = refusing();
  const model = described(
    { name: 'several', inputs: inputs([-1, 2], [3], []) },
    { name: 'none', inputs: [] },
    { name: 'rankless', inputs: inputs(undefined) },
    { name: 'huge', inputs: inputs([1 << 12, 1 << 12]) },
    { name: 'unsupported', unsupported: 'it is of variants' },
    { name: 'changes', operations: new Set(['Identity', 'AssignVariableOp']) },
  );
  const { ran, left } = await warmUp(model, runner);
  t.same(ran, ['several', 'none', 'rankless']);
  t.same(
    [...left],
    [
      ['huge', 'its inputs are large'],
      ['changes', 'a run could change the model, or wait for something'],
    ],
  );
  const shapes = new Map(runner.seen.map(([index, tensors]) => [index, tensors]));
  t.same(shapes.get(0), [{ shape: [1, 2] }, { shape: [3] }, { shape: [] }], 'dimensions that are open are 1');
  t.same(shapes.get(1), []);
  t.same(shapes.get(2), [{ shape: [1] }]);
  t.same([...shapes.keys()], [0, 1, 2]);
});

t.test('a run that fails: of the zeros, or of the model', async (t) => {
  for (const { code, words, reason, fatal } of [
    { code: 'INVALID_ARGUMENT', words: 'no zeros, please', reason: 'no zeros, please' },
    { code: 'OUT_OF_RANGE', words: 'index 0 is beyond', reason: 'index 0 is beyond' },
    { code: 'DEADLINE_EXCEEDED', words: 'too late', reason: 'it took longer than 60 s' },
    {
      code: 'UNIMPLEMENTED',
      words: 'no kernel for\n  Nowhere',
      fatal: 'model celsius cannot be run: signature "fails": no kernel for Nowhere',
    },
    {
      code: 'FAILED_PRECONDITION',
      words: 'Could not find variable dense/kernel. This could mean that the variable has been deleted.',
      fatal: /signature "fails" needs the variable dense\/kernel, which has no value: variables\/ is missing/,
    },
    {
      code: 'FAILED_PRECONDITION',
      words: 'Attempting to use uninitialized value w\n\t [[{{node w/read}}]]',
      fatal: /signature "fails" needs the variable w, which has no value/,
    },
    {
      code: 'NOT_FOUND',
      words: 'Resource localhost/v/N10tensorflow3VarE does not exist.',
      fatal: /cannot be run: signature "fails": Resource localhost/,
    },
  ] as { code: Code; words: string; reason?: string; fatal?: string | RegExp }[]) {
    const model = described({ name: 'fails' }, { name: 'runs' });
    const runner = refusing(new Map([[0, new RequestError(code, words)]]));
    const warm = warmUp(model, runner);
    if (fatal !== undefined) {
      await t.rejects(warm, { name: 'FatalError', exitCode: 1, message: fatal }, words);
      continue;
    }
    t.same(await warm, { ran: ['runs'], left: new Map([['fails', reason]]) }, words);
  }
  const noKernel = new RequestError('INVALID_ARGUMENT', "No OpKernel was registered to support Op 'Old'");
  t.match(
    await warmUp(described({}, {}), refusing(new Map([[1, noKernel]]))),
    { ran: ['no. 0'] },
    'others can be run',
  );
  await t.rejects(warmUp(described({}), refusing(new Map([[0, noKernel]]))), {
    name: 'FatalError',
    message: /^model celsius cannot be run: signature "no. 0": No OpKernel/,
  });
  const fault = new TypeError('a fault of ours');
  await t.rejects(warmUp(described({}), refusing(new Map([[0, fault]]))), fault);
});

t.test('real models: what would be remembered is not run', async (t) => {
  for (const { model, ran, left } of [
    { model: 'celsius', ran: ['serving_default'], left: [] },
    { model: 'counter', ran: ['serving_default'], left: ['add'] },
    { model: 'stuck', ran: ['serving_default'], left: ['take'] },
    { model: 'stateful', ran: ['label', 'serving_default'], left: [] },
    { model: 'loop', ran: ['serving_default'], left: [] },
    { model: 'failing', ran: ['root'], left: ['serving_default', 'threes'] },
    { model: 'unsupported', ran: ['serving_default'], left: [] },
    { model: 'empty', ran: [], left: [] },
  ]) {
    const loaded = await testModel(t, model);
    const warm = await warmUp(loaded, testRunner(loaded));
    t.same([...warm.ran].sort(), ran, `${model}: ran`);
    t.same([...warm.left.keys()].sort(), left, `${model}: did not`);
  }
  t.equal(testEngine().calls, 0);
});

t.test('a counter is at 0 after the warm-up, and counts from there', async (t) => {
  const counter = await testModel(t, 'counter');
  const metered = new MeteredRunner(counter);
  await warmUp(counter, metered.runner);
  const get = { inputs: {} };
  t.equal(await metered.ask(get), '{"outputs":0}');
  t.equal(await metered.ask({ signature_name: 'add', inputs: { by: 4 } }), '{"outputs":5}');
  t.equal(await metered.ask(get), '{"outputs":5}');
});

t.test('a model without its variables', async (t) => {
  const base = t.testdir();
  cpSync(modelFolder('stateful'), base, { recursive: true });
  rmSync(join(base, '1', 'variables'), { recursive: true });
  const model = await loadVersion(testEngine(), { name: 'm', version: '1', folder: join(base, '1') });
  t.teardown(() => model.unload());
  await t.rejects(warmUp(model, testRunner(model)), {
    name: 'FatalError',
    message:
      /^model m cannot be run: signature "serving_default" needs the variable Variable, which has no value: /,
  });
});

t.test('operations whose runs are remembered, and such as only sound like them', async (t) => {
  const remembered = `Assign AssignAddVariableOp AssignVariableXlaConcatND ResourceApplyAdam SparseApplyFtrl
    ResourceScatterNdUpdate ScatterUpdate CountUpTo ResourceCountUpTo LookupTableInsertV2 LookupTableRemoveV2
    LookupTableImportV2 InitializeTableFromTextFileV2 QueueDequeueV2 FIFOQueueV2 QueueEnqueueManyV2 Barrier BarrierTakeMany
    Stack StackPushV2 StackPopV2 Stage Unstage MapUnstageNoKey OrderedMapPeek ConditionalAccumulator MutexLock WriteFile SaveV2
    MergeV2Checkpoints IteratorGetNext ReaderReadV2 MakeIterator WriteSummary PrintV2 EagerPyFunc CollectiveReduceV2 RpcCall
    RngReadAndSkip RandomUniform RandomStandardNormal RandomShuffle Multinomial TruncatedNormal StatefulUniformInt
    StatefulStandardNormalV2 NonDeterministicInts LogUniformCandidateSampler SampleDistortedBoundingBoxV2
    BoostedTreesUpdateEnsemble AddSparseToTensorsMap DumpTensor`;
  const harmless = `ReadVariableOp VarHandleOp ResourceGather LookupTableFindV2 LookupTableExportV2 HashTableV2 Pack MatMul
    StatefulPartitionedCall While If Case ScatterNd TensorScatterUpdate TensorScatterAdd TensorListStack TensorListSetItem
    TensorListReserve TensorArrayV3 TensorArrayWriteV3 TensorArrayScatterV3 TensorMapInsert StatelessRandomUniformV2
    StatelessTruncatedNormalV2 StatelessMultinomial RandomGammaGrad Assert BoostedTreesPredict RestoreV2 Resize
    FusedBatchNormV3 Percentile ReadFile SparseToDense`;
  for (const operation of remembered.split(/\s+/))
    t.notOk(isHarmless(new Set(['Identity', operation])), operation);
  for (const operation of harmless.split(/\s+/)) t.ok(isHarmless(new Set([operation])), operation);
});
