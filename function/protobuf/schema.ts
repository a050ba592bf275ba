/**
 * Messages as tables of their fields: names, numbers and types. One table is what a message is read and written by
 * (codec.ts), what its TypeScript type follows from, and what it is described by to others (descriptor.ts).
 */

/** What a scalar is in TypeScript. 64-bit integers are exact. */
export interface Scalars {
  double: number;
  float: number;
  int32: number;
  uint32: number;
  int64: bigint;
  uint64: bigint;
  sint64: bigint;
  bool: boolean;
  string: string;
  bytes: Buffer;
}

export type ScalarName = keyof Scalars;

/** @template V its values' names and numbers; a number that is not among them stays as it is */
export class EnumType<V extends Readonly<Record<string, number>> = Readonly<Record<string, number>>> {
  readonly name: string;
  readonly values: V;

  constructor(name: string, values: V) {
    this.name = name;
    this.values = values;
  }
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

/** A message's full name, and its fields by their names. @template F the fields */
export class MessageType<F extends Fields = Fields> {
  readonly name: string;
  readonly fields: F;

  constructor(name: string, fields: F) {
    this.name = name;
    this.fields = fields;
  }
}

export type Type = ScalarName | EnumType | MessageType;

/** @template T what the field is in a message that was read: always there, with proto3's default where it was not sent */
export interface Field<T> {
  readonly number: number;
  readonly type: Type;
  readonly kind: 'one' | 'many' | 'map';
  /** Of a map; its values are of `type`. */
  readonly key: 'string' | undefined;
  /** The name of the group of which only one is set. */
  readonly oneof: string | undefined;
  /** Whether it can be told from one that was not sent. */
  readonly presence: boolean;
  /** A message that is not looked into: read and written as its bytes. */
  readonly raw: boolean;
  /** For the type only; there is no such property. */
  readonly as?: T;
}

/** What a message is in TypeScript. */
export type Message<M> = M extends MessageType<infer F> ? { readonly [K in keyof F]: ValueOf<F[K]> } : never;

type ValueOf<F> = F extends Field<infer T> ? T : never;

/** What a type's values are. */
export type Value<T> = T extends ScalarName
  ? Scalars[T]
  : T extends EnumType
    ? number
    : T extends MessageType
      ? Message<T>
      : never;

/** What a field of a type is: a message can be absent. */
type One<T> = T extends MessageType ? Message<T> | undefined : Value<T>;

const PLAIN = { kind: 'one', key: undefined, oneof: undefined, presence: false, raw: false } as const;

export function one<const T extends Type>(number: number, type: T): Field<One<T>> {
  return { ...PLAIN, number, type };
}

/** One of a group: undefined unless it is the one that was sent last. */
export function oneOf<const T extends Type>(
  group: string,
  number: number,
  type: T,
): Field<Value<T> | undefined> {
  return { ...PLAIN, number, type, oneof: group, presence: true };
}

export function many<const T extends Type>(number: number, type: T): Field<readonly Value<T>[]> {
  return { ...PLAIN, number, type, kind: 'many' };
}

export function map<const T extends Type>(number: number, type: T): Field<ReadonlyMap<string, Value<T>>> {
  return { ...PLAIN, number, type, kind: 'map', key: 'string' };
}

/** A message that is not looked into. */
export function rawOne(number: number, type: MessageType): Field<Buffer | undefined> {
  return { ...PLAIN, number, type, raw: true };
}

export function rawMany(number: number, type: MessageType): Field<readonly Buffer[]> {
  return { ...PLAIN, number, type, kind: 'many', raw: true };
}

export function rawMap(number: number, type: MessageType): Field<ReadonlyMap<string, Buffer>> {
  return { ...PLAIN, number, type, kind: 'map', key: 'string', raw: true };
}
