import { messageOf } from '../errors.ts';
import type { SavedModel } from '../model/saved-model.ts';
import type { NativeEngine } from '../native/engine.ts';
import type { Frozen } from '../native/raw-engine.ts';

/**
 * Makes a model's variables constants while it is being served: TensorFlow then prepares them once (oneDNN reorders
 * weights, batch norms fold into convolutions), and runs take 0.6 to 0.9 of the time. Requests are answered by the
 * session with variables until the other one is warm; then the other one takes over between two runs.
 *
 * @param warm runs what makes the model's twin warm
 * @param availableBytes of memory, for as long as there are both
 * @returns what became of it, or why the model stays as it is
 */
export async function freezeInPlace(
  native: NativeEngine,
  model: SavedModel,
  warm: (twin: SavedModel) => Promise<unknown>,
  availableBytes: number,
): Promise<Omit<Frozen, 'id'> | { readonly whyNot: string }> {
  if (!model.hasVariables) return { whyNot: 'it has no variables' };
  let frozen: Frozen;
  try {
    frozen = await native.freeze(model.id, model.folder, model.kind, availableBytes);
  } catch (error) {
    return { whyNot: messageOf(error) };
  }
  const { id, convolutions } = frozen;
  const twin = { ...model, id };
  try {
    await warm(twin);
  } catch (error) {
    await native.unload(id);
    return { whyNot: `its constants cannot be run: ${messageOf(error)}` };
  }
  await native.replace(model.id, id);
  await native.trimTensors(); // of the variables, and of what the graph was rewritten in
  await native.trimHeap();
  return { convolutions };
}
