import {
  EnumType,
  type Field,
  type Fields,
  type Message,
  MessageType,
  type ScalarName,
  type Type,
} from './schema.ts';
import { MAX_DEPTH, Wire, WireError, WireReader } from './wire-reader.ts';
import { WireWriter } from './wire-writer.ts';

/** What can be written as a message: all of its fields, and of those within, may be left out. */
export type Written<M> = { readonly [K in keyof Message<M>]?: WrittenValue<Message<M>[K]> | undefined };

type WrittenValue<T> = T extends Buffer | string | number | bigint | boolean | undefined
  ? T
  : T extends ReadonlyMap<string, infer V>
    ? ReadonlyMap<string, WrittenValue<V>>
    : T extends readonly (infer V)[]
      ? readonly WrittenValue<V>[]
      : { readonly [K in keyof T]?: WrittenValue<T[K]> | undefined };

/**
 * Reads a message. Bytes in it are views of the given ones.
 *
 * @throws WireError
 */
export function decode<F extends Fields>(type: MessageType<F>, bytes: Buffer): Message<MessageType<F>> {
  // Each property is what its field's builder says it is.
  return readMessage(new WireReader(bytes), type, undefined, 0) as Message<MessageType<F>>;
}

/** Writes a message; what has proto3's default is left out. */
export function encode<F extends Fields>(type: MessageType<F>, message: Written<MessageType<F>>): Buffer {
  const writer = new WireWriter();
  if (isMessage(message)) writeMessage(writer, type, message);
  return writer.finish();
}

type Loose = Record<string, unknown>;

/** A field, with what reading and writing it comes down to. */
interface Step {
  readonly name: string;
  readonly field: Field<unknown>;
  /** How one value is encoded; values of a list may be packed, too. */
  readonly wire: number;
  readonly packable: boolean;
  /** Others of its group, of which only the last counts. */
  readonly rivals: readonly string[];
  readonly initial: unknown;
}

/** A message's steps, by number where those are small, as nearly all are. */
interface Plan {
  readonly steps: readonly Step[];
  readonly byNumber: readonly (Step | undefined)[];
  /** Last number first, as the writer goes from the end to the beginning. */
  readonly backwards: readonly Step[];
}

const PLANS = new WeakMap<MessageType, Plan>();

function planOf(type: MessageType): Plan {
  const known = PLANS.get(type);
  if (known !== undefined) return known;
  const steps = Object.entries(type.fields).map(([name, field]): Step => {
    const group = Object.entries(type.fields).filter(
      ([, { oneof }]) => oneof !== undefined && oneof === field.oneof,
    );
    return {
      name,
      field,
      wire: wireOf(field.type),
      packable: isPackable(field.type),
      rivals: group.flatMap(([rival]) => (rival === name ? [] : rival)),
      initial: field.presence ? undefined : defaultOf(field.type),
    };
  });
  const byNumber: Step[] = [];
  for (const step of steps) byNumber[step.field.number] = step;
  const plan = { steps, byNumber, backwards: steps.toSorted((a, b) => b.field.number - a.field.number) };
  PLANS.set(type, plan);
  return plan;
}

function emptyMessage({ steps }: Plan): Loose {
  const message: Loose = {};
  for (const { name, field, initial } of steps) {
    message[name] = field.kind === 'one' ? initial : field.kind === 'many' ? [] : new Map();
  }
  return message;
}

function defaultOf(type: Type): unknown {
  if (type instanceof MessageType) return undefined;
  if (type instanceof EnumType) return 0;
  switch (type) {
    case 'int64':
    case 'uint64':
    case 'sint64':
      return 0n;
    case 'bool':
      return false;
    case 'string':
      return '';
    case 'bytes':
      return EMPTY;
    default:
      return 0;
  }
}

/** @param before the same field as it was read before: of a message that comes in two parts, both count */
function readMessage(reader: WireReader, type: MessageType, before: unknown, depth: number): Loose {
  if (depth > MAX_DEPTH) throw new WireError('messages are nested too deeply');
  const plan = planOf(type);
  const message = isMessage(before) ? before : emptyMessage(plan);
  while (reader.next()) {
    const step = plan.byNumber[reader.number];
    if (step === undefined) reader.skip();
    else readField(reader, message, step, depth);
  }
  return message;
}

/** Reads what the reader is at, or passes over it where it is so encoded that it cannot be the field's. */
function readField(reader: WireReader, message: Loose, step: Step, depth: number): void {
  const { name, field, wire, packable, rivals } = step;
  const before = message[name];
  if (field.kind === 'map') {
    if (reader.wire === Wire.BYTES && before instanceof Map) readEntry(reader, before, step, depth);
    else reader.skip();
  } else if (field.kind === 'many' && Array.isArray(before)) {
    if (reader.wire === wire) before.push(readValue(reader, field, undefined, depth));
    else if (packable && reader.wire === Wire.BYTES) {
      const outer = reader.enter();
      while (reader.more) before.push(readValue(reader, field, undefined, depth));
      reader.leave(outer);
    } else reader.skip();
  } else if (reader.wire === wire) {
    for (const rival of rivals) message[rival] = undefined;
    message[name] = readValue(reader, field, before, depth);
  } else reader.skip();
}

function readEntry(
  reader: WireReader,
  map: Map<unknown, unknown>,
  { field, wire }: Step,
  depth: number,
): void {
  const outer = reader.enter();
  let key = '';
  let value: unknown;
  while (reader.next()) {
    if (reader.number === 1 && reader.wire === Wire.BYTES) key = reader.string();
    else if (reader.number === 2 && reader.wire === wire) value = readValue(reader, field, value, depth);
    else reader.skip();
  }
  reader.leave(outer);
  if (value === undefined) {
    if (!(field.type instanceof MessageType)) value = defaultOf(field.type);
    else value = field.raw ? EMPTY : emptyMessage(planOf(field.type));
  }
  map.set(key, value);
}

function readValue(
  reader: WireReader,
  { type, raw }: Field<unknown>,
  before: unknown,
  depth: number,
): unknown {
  if (type instanceof MessageType) {
    if (raw) return Buffer.isBuffer(before) ? Buffer.concat([before, reader.bytes()]) : reader.bytes();
    const outer = reader.enter();
    const message = readMessage(reader, type, before, depth + 1);
    reader.leave(outer);
    return message;
  }
  return type instanceof EnumType ? reader.int32() : reader[type]();
}

function isMessage(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null;
}

function wireOf(type: Type): number {
  if (type instanceof MessageType || type === 'string' || type === 'bytes') return Wire.BYTES;
  if (type === 'double') return Wire.FIXED64;
  return type === 'float' ? Wire.FIXED32 : Wire.VARINT;
}

function isPackable(type: Type): boolean {
  return wireOf(type) !== Wire.BYTES;
}

function writeMessage(writer: WireWriter, type: MessageType, message: Loose): void {
  for (const step of planOf(type).backwards) {
    const { field } = step;
    const value = message[step.name];
    if (value === undefined) continue;
    if (value instanceof Map) writeMap(writer, step, value);
    else if (Array.isArray(value)) writeMany(writer, step, value);
    else if (field.presence || !isDefault(value))
      writeTagged(writer, field.number, field.type, step.wire, value);
  }
}

function isDefault(value: unknown): boolean {
  return (
    Object.is(value, 0) ||
    value === 0n ||
    value === false ||
    value === '' ||
    (Buffer.isBuffer(value) && value.length === 0)
  );
}

function writeMap(writer: WireWriter, { field, wire }: Step, map: ReadonlyMap<unknown, unknown>): void {
  for (const [key, value] of [...map].reverse()) {
    const before = writer.size;
    writeTagged(writer, 2, field.type, wire, value);
    writer.string(1, String(key));
    writer.message(field.number, before);
  }
}

function writeMany(writer: WireWriter, { field, wire, packable }: Step, values: readonly unknown[]): void {
  if (values.length === 0) return;
  const before = writer.size;
  for (const value of values.toReversed()) {
    if (packable) writeScalar(writer, field.type, value);
    else writeTagged(writer, field.number, field.type, wire, value);
  }
  if (packable) writer.message(field.number, before);
}

function writeTagged(writer: WireWriter, number: number, type: Type, wire: number, value: unknown): void {
  if (Buffer.isBuffer(value)) writer.bytes(number, value);
  else if (typeof value === 'string') writer.string(number, value);
  else if (type instanceof MessageType) {
    const before = writer.size;
    if (isMessage(value)) writeMessage(writer, type, value);
    writer.message(number, before);
  } else {
    writeScalar(writer, type, value);
    writer.tag(number, wire);
  }
}

function writeScalar(writer: WireWriter, type: Type, value: unknown): void {
  if (typeof value === 'bigint') writer.uint64(type === 'sint64' ? (value << 1n) ^ (value >> 63n) : value);
  else if (typeof value === 'boolean') writer.uint32(value ? 1 : 0);
  else if (typeof value === 'number') {
    if (type === 'float') writer.float(value);
    else if (type === 'double') writer.double(value);
    else writer.int32(value);
  } else throw new TypeError(`${typeof value} for a field of type ${nameOf(type)}`);
}

function nameOf(type: Type): ScalarName | string {
  return typeof type === 'string' ? type : type.name;
}

const EMPTY = Buffer.alloc(0);
