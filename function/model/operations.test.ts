import { join } from 'node:path';
import t from 'tap';
import { modelFolder, testEngine } from '../testing/app.ts';
import { canRunInOrder } from './operations.ts';

async function operationsOf(model: string): Promise<Set<string>> {
  const { operations } = await testEngine().readModel(join(modelFolder(model), '1'));
  return new Set(operations.split(','));
}

t.test('operations of real SavedModels, and whether they can be run in order', async (t) => {
  for (const { model, operation, inOrder } of [
    { model: 'ranks', operation: 'Transpose', inOrder: true },
    { model: 'stateful', operation: 'LookupTableFindV2', inOrder: true }, // in a function
    { model: 'loop', operation: 'StatelessIf', inOrder: true },
    { model: 'switch', operation: 'Merge', inOrder: false },
    { model: 'frame', operation: 'NextIteration', inOrder: false },
    { model: 'reference', operation: 'TemporaryVariable', inOrder: false },
    { model: 'queue', operation: 'QueueDequeueV2', inOrder: false },
    { model: 'empty', operation: 'Const', inOrder: true },
  ]) {
    const operations = await operationsOf(model);
    t.ok(operations.has(operation), `${model}: ${operation} of ${[...operations].join(' ')}`);
    t.equal(canRunInOrder(operations), inOrder, `${model}: ${inOrder ? 'in order' : 'not in order'}`);
  }
});

t.test('operations that make references, wait or jump, and such as only sound like them', async (t) => {
  const not = `Switch RefSwitch _SwitchN Enter RefEnter Variable VariableV2 TemporaryVariable HashTable MutableHashTable
    MutableDenseHashTable MutableHashTableOfTensors Stack TensorArray TensorArrayGrad TFRecordReader FIFOQueue FIFOQueueV2
    PaddingFIFOQueue RandomShuffleQueueV2 PriorityQueueV2 Barrier Stage MapStage OrderedMapUnstage ConditionalAccumulator
    ResourceConditionalAccumulator MutexV2 CollectiveReduceV3 Recv _HostRecv`;
  const can = `MergeV2Checkpoints VarHandleOp ReadVariableOp AssignVariableOp HashTableV2 MutableDenseHashTableV2 StackV2
    TensorArrayV3 If While StatelessWhile Case PartitionedCall StatefulPartitionedCall SwitchCase EnterText`;
  for (const operation of not.split(/\s+/)) t.notOk(canRunInOrder(new Set([operation])), operation);
  for (const operation of can.split(/\s+/)) t.ok(canRunInOrder(new Set([operation])), operation);
});
