/**
 * Moves labels apart along one axis so that none comes nearer to the next than `gap`, each as near to its wish as the others
 * allow, all between `low` and `high`. Same order as given. This is the pool-adjacent-violators rule: neighbours that would
 * overlap become one block, and a block sits at the mean of its members' wishes.
 */
export function spread(wishes: readonly number[], gap: number, low: number, high: number): number[] {
  const order = wishes.map((_, i) => i).sort((a, b) => at(wishes, a) - at(wishes, b));
  const blocks: { start: number; size: number; members: number }[] = [];
  for (const i of order) {
    let block = { start: at(wishes, i), size: gap, members: 1 };
    let last = blocks.at(-1);
    while (last !== undefined && last.start + last.size > block.start) {
      blocks.pop();
      const members = last.members + block.members;
      // Each member's wish, less its place in the block, averaged: where the block would like to begin.
      const start = (last.start * last.members + (block.start - last.size) * block.members) / members;
      block = { start, size: last.size + block.size, members };
      last = blocks.at(-1);
    }
    blocks.push(block);
  }
  const places = blocks.flatMap(({ start, members }) =>
    Array.from({ length: members }, (_, k) => start + k * gap),
  );
  const kept = within(places, gap, low, high);
  const result = new Array<number>(wishes.length);
  order.forEach((i, k) => {
    result[i] = at(kept, k);
  });
  return result;
}

/** Pushes sorted places in from both ends; where there is no room for all, `low` wins. */
function within(places: readonly number[], gap: number, low: number, high: number): number[] {
  const down = [...places];
  for (let k = down.length - 1, limit = high; k >= 0; k--, limit = at(down, k + 1) - gap) {
    down[k] = Math.min(at(down, k), limit);
  }
  for (let k = 0, limit = low; k < down.length; k++, limit = at(down, k - 1) + gap) {
    down[k] = Math.max(at(down, k), limit);
  }
  return down;
}

function at(values: readonly number[], index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError(`no value at ${index}`);
  return value;
}
