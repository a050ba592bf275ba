import type { PbfReader } from 'pbf';

type Readers = Readonly<Record<number, (pbf: PbfReader) => void>>;

/** Reads one message: fields with a reader are read by it (messages up to their own end), all others skipped. */
export function fields(pbf: PbfReader, readers: Readers): void {
  const nested = pbf.pos > 0;
  const end = nested ? pbf.readVarint() + pbf.pos : pbf.length;
  if (end > pbf.length) throw new Error('saved_model.pb ends too soon');
  pbf.readFields((tag, _result, reader) => readers[tag]?.(reader), undefined, end);
  if (pbf.pos !== end) throw new Error('saved_model.pb is damaged');
}
