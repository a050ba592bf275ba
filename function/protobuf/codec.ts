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

interface Plan {
  readonly byNumber: ReadonlyMap<number, [name: string, field: Field<unknown>]>;
  /** Last number first, as the writer goes from the end to the beginning. */
  readonly backwards: readonly (readonly [name: string, field: Field<unknown>])[];
}

const PLANS = new WeakMap<MessageType, Plan>();

function planOf(type: MessageType): Plan {
  let plan = PLANS.get(type);
  if (plan === undefined) {
    const entries = Object.entries(type.fields);
    plan = {
      byNumber: new Map(entries.map(([name, field]) => [field.number, [name, field]])),
      backwards: entries.sort(([, a], [, b]) => b.number - a.number),
    };
    PLANS.set(type, plan);
  }
  return plan;
}

function emptyMessage(type: MessageType): Loose {
  const message: Loose = {};
  for (const [name, field] of Object.entries(type.fields)) {
    if (field.kind === 'many') message[name] = [];
    else if (field.kind === 'map') message[name] = new Map();
    else message[name] = field.presence ? undefined : defaultOf(field.type);
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
  const { byNumber } = planOf(type);
  const message = isMessage(before) ? before : emptyMessage(type);
  while (reader.next()) {
    const [name, field] = byNumber.get(reader.number) ?? [];
    if (name === undefined || field === undefined || !fits(reader.wire, field)) reader.skip();
    else readField(reader, type, message, name, field, depth);
  }
  return message;
}

function readField(
  reader: WireReader,
  type: MessageType,
  message: Loose,
  name: string,
  field: Field<unknown>,
  depth: number,
): void {
  const before = message[name];
  if (before instanceof Map) {
    const outer = reader.enter();
    const [key, value] = readEntry(reader, field, depth);
    reader.leave(outer);
    before.set(key, value);
  } else if (Array.isArray(before)) {
    if (reader.wire === Wire.BYTES && isPackable(field.type)) {
      const outer = reader.enter();
      while (reader.more) before.push(readValue(reader, field, undefined, depth));
      reader.leave(outer);
    } else before.push(readValue(reader, field, undefined, depth));
  } else {
    if (field.oneof !== undefined) {
      for (const [other, { oneof }] of Object.entries(type.fields)) {
        if (oneof === field.oneof && other !== name) message[other] = undefined;
      }
    }
    message[name] = readValue(reader, field, before, depth);
  }
}

function readEntry(reader: WireReader, field: Field<unknown>, depth: number): [key: string, value: unknown] {
  let key = '';
  let value: unknown;
  while (reader.next()) {
    if (reader.number === 1 && reader.wire === Wire.BYTES) key = reader.string();
    else if (reader.number === 2 && fits(reader.wire, field)) value = readValue(reader, field, value, depth);
    else reader.skip();
  }
  if (value === undefined) {
    if (!(field.type instanceof MessageType)) value = defaultOf(field.type);
    else value = field.raw ? EMPTY : emptyMessage(field.type);
  }
  return [key, value];
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

/** Whether a value so encoded can be the field's: if not, it is unknown, and passed over. */
function fits(wire: number, { type, kind }: Field<unknown>): boolean {
  return (
    wire === wireOf(type) ||
    (wire === Wire.BYTES && (kind === 'map' || (kind === 'many' && isPackable(type))))
  );
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
  for (const [name, field] of planOf(type).backwards) {
    const value = message[name];
    if (value === undefined) continue;
    if (value instanceof Map) writeMap(writer, field, value);
    else if (Array.isArray(value)) writeMany(writer, field, value);
    else if (field.presence || !isDefault(value)) writeTagged(writer, field.number, field.type, value);
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

function writeMap(
  writer: WireWriter,
  { number, type }: Field<unknown>,
  map: ReadonlyMap<unknown, unknown>,
): void {
  for (const [key, value] of [...map].reverse()) {
    const before = writer.size;
    writeTagged(writer, 2, type, value);
    writer.string(1, String(key));
    writer.message(number, before);
  }
}

function writeMany(writer: WireWriter, { number, type }: Field<unknown>, values: readonly unknown[]): void {
  if (values.length === 0) return;
  const before = writer.size;
  for (const value of values.toReversed()) {
    if (isPackable(type)) writeScalar(writer, type, value);
    else writeTagged(writer, number, type, value);
  }
  if (isPackable(type)) writer.message(number, before);
}

function writeTagged(writer: WireWriter, number: number, type: Type, value: unknown): void {
  if (Buffer.isBuffer(value)) writer.bytes(number, value);
  else if (typeof value === 'string') writer.string(number, value);
  else if (type instanceof MessageType) {
    const before = writer.size;
    if (isMessage(value)) writeMessage(writer, type, value);
    writer.message(number, before);
  } else {
    writeScalar(writer, type, value);
    writer.tag(number, wireOf(type));
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
