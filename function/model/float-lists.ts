import type { FloatCodec } from '../native/binding.ts';
import type { Tensor } from './tensor.ts';

/** A body below this size is read by JSON.parse: the call into native code would cost as much as it saves. */
const FROM_BYTES = 256;

/** How much of a body's beginning and end is looked at for the key and the closing brace. */
const EDGE_BYTES = 64;

/** JSON's own white space: \s has more, and some of it is no UTF-8 by itself. */
const BEGINNING = /^[ \t\r\n]*\{[ \t\r\n]*"(\w+)"[ \t\r\n]*:[ \t\r\n]*(?=\[)/;
const END = /^[ \t\r\n]*\}[ \t\r\n]*$/;

/** A body that holds one key and nested lists of numbers, and nothing else. */
export interface FloatLists {
  readonly key: string;
  readonly tensor: Tensor;
}

/**
 * Reads a large body of the form `{"key": [[1, 2], …]}` straight into float32, without a JavaScript object per
 * number or row.
 *
 * @returns undefined for every other body, and for one with a fault in it: parseJson and tensorFromJson read those,
 *   and say what is wrong
 */
export function readFloatLists(body: Buffer, codec: FloatCodec): FloatLists | undefined {
  if (body.length < FROM_BYTES) return undefined;
  const start = BEGINNING.exec(body.toString('latin1', 0, EDGE_BYTES));
  if (start === null) return undefined;
  const lists = codec.parseFloats(body, start[0].length);
  if (lists === undefined) return undefined;
  const { data, shape, end } = lists;
  if (!END.test(body.toString('latin1', end, end + EDGE_BYTES)) || body.length > end + EDGE_BYTES)
    return undefined;
  return { key: start[1] ?? '', tensor: { dtype: 'DT_FLOAT', shape, data } };
}
