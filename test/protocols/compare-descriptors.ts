import { decode } from '../../function/protobuf/codec.ts';
import { MessageType, many, one, oneOf } from '../../function/protobuf/schema.ts';

/** What a file describes, by full names: of each field, value or method all that decides what goes over the wire. */
export type Facts = ReadonlyMap<string, string>;

// google/protobuf/descriptor.proto, read by itself and not by what writes ours.
const Named = { name: one(1, 'string') } as const;
const Field = new MessageType('FieldDescriptorProto', {
  ...Named,
  number: one(3, 'int32'),
  label: one(4, 'int32'),
  type: one(5, 'int32'),
  type_name: one(6, 'string'),
  oneof_index: oneOf('', 9, 'int32'),
  options: one(8, new MessageType('FieldOptions', { packed: oneOf('', 2, 'bool') })),
});
const Enum = new MessageType('EnumDescriptorProto', {
  ...Named,
  value: many(2, new MessageType('EnumValueDescriptorProto', { ...Named, number: one(2, 'int32') })),
});
const messageFields = {
  ...Named,
  field: many(2, Field),
  nested_type: many(3, 'bytes'),
  enum_type: many(4, Enum),
  options: one(7, new MessageType('MessageOptions', { map_entry: one(7, 'bool') })),
  oneof_decl: many(8, new MessageType('OneofDescriptorProto', Named)),
} as const;
const Descriptor = new MessageType('DescriptorProto', messageFields);
const Method = new MessageType('MethodDescriptorProto', {
  ...Named,
  input_type: one(2, 'string'),
  output_type: one(3, 'string'),
  client_streaming: one(5, 'bool'),
  server_streaming: one(6, 'bool'),
});
const File = new MessageType('FileDescriptorProto', {
  ...Named,
  package: one(2, 'string'),
  message_type: many(4, 'bytes'),
  enum_type: many(5, Enum),
  service: many(6, new MessageType('ServiceDescriptorProto', { ...Named, method: many(2, Method) })),
  syntax: one(12, 'string'),
});

/** @param descriptor serialized FileDescriptorProto */
export function factsOf(descriptor: Buffer): Facts {
  const file = decode(File, descriptor);
  const facts = new Map<string, string>();
  const scope = (name: string) => `${file.package}.${name}`;
  for (const { name, value } of file.enum_type) addEnum(facts, scope(name), value);
  for (const message of file.message_type) addMessage(facts, file.package, message);
  for (const { name, method } of file.service) {
    for (const each of method) {
      const streams = `${each.client_streaming ? 'stream ' : ''}${each.server_streaming ? 'stream' : ''}`;
      facts.set(`${scope(name)}.${each.name}`, `${each.input_type} ${each.output_type} ${streams}`);
    }
  }
  return facts;
}

function addEnum(
  facts: Map<string, string>,
  name: string,
  values: readonly { name: string; number: number }[],
): void {
  for (const value of values) facts.set(`${name}.${value.name}`, String(value.number));
}

function addMessage(facts: Map<string, string>, parent: string, bytes: Buffer): void {
  const message = decode(Descriptor, bytes);
  const name = `${parent}.${message.name}`;
  facts.set(name, message.options?.map_entry === true ? 'map entry' : 'message');
  for (const field of message.field) {
    const oneof = field.oneof_index === undefined ? '' : (message.oneof_decl[field.oneof_index]?.name ?? '?');
    const packed = field.options?.packed === false ? 'not packed' : '';
    const { number, label, type, type_name } = field;
    facts.set(`${name}.${field.name}`, [number, label, type, type_name, oneof, packed].join(' ').trim());
  }
  for (const each of message.enum_type) addEnum(facts, `${name}.${each.name}`, each.value);
  for (const nested of message.nested_type) addMessage(facts, name, nested);
}

/** What ours says otherwise than theirs, or theirs does not know, and what theirs has that ours leaves out. */
export function differences(ours: Facts, theirs: Facts): { wrong: string[]; leftOut: string[] } {
  const wrong = [...ours].flatMap(([name, fact]) =>
    theirs.get(name) === fact ? [] : `${name}: ${fact}, but theirs: ${theirs.get(name) ?? 'nothing'}`,
  );
  return { wrong, leftOut: [...theirs.keys()].filter((name) => !ours.has(name)) };
}
