import { encode, type Written } from './codec.ts';
import { EnumType, type Field, MessageType, many, one, oneOf, rawMany, type Type } from './schema.ts';

/** One call of a service. */
export interface MethodSpec {
  readonly input: MessageType;
  readonly output: MessageType;
  readonly clientStreams?: boolean;
  readonly serverStreams?: boolean;
}

export interface ServiceSpec {
  /** Full, e.g. `grpc.health.v1.Health`. */
  readonly name: string;
  readonly methods: Readonly<Record<string, MethodSpec>>;
}

/** What others know as one .proto file: the names of these are part of what is described. */
export interface FileSpec {
  readonly name: string;
  readonly package: string;
  readonly imports: readonly FileSpec[];
  /** Also those within others, whose names say so. */
  readonly types: readonly (MessageType | EnumType)[];
  readonly services: readonly ServiceSpec[];
}

// The parts of google/protobuf/descriptor.proto that are needed to describe.
const EnumValue = new MessageType('EnumValueDescriptorProto', {
  name: one(1, 'string'),
  number: oneOf('', 2, 'int32'),
});
const Enum = new MessageType('EnumDescriptorProto', { name: one(1, 'string'), value: many(2, EnumValue) });
const FieldOfMessage = new MessageType('FieldDescriptorProto', {
  name: one(1, 'string'),
  number: one(3, 'int32'),
  label: one(4, 'int32'),
  type: one(5, 'int32'),
  type_name: one(6, 'string'),
  oneof_index: oneOf('', 9, 'int32'),
});
const Oneof = new MessageType('OneofDescriptorProto', { name: one(1, 'string') });
const Options = new MessageType('MessageOptions', { map_entry: one(7, 'bool') });
const Nested = new MessageType('DescriptorProto', {});
const Descriptor = new MessageType('DescriptorProto', {
  name: one(1, 'string'),
  field: many(2, FieldOfMessage),
  nested_type: rawMany(3, Nested), // within itself, which a constant's type cannot be
  enum_type: many(4, Enum),
  options: one(7, Options),
  oneof_decl: many(8, Oneof),
});
const Method = new MessageType('MethodDescriptorProto', {
  name: one(1, 'string'),
  input_type: one(2, 'string'),
  output_type: one(3, 'string'),
  client_streaming: one(5, 'bool'),
  server_streaming: one(6, 'bool'),
});
const Service = new MessageType('ServiceDescriptorProto', {
  name: one(1, 'string'),
  method: many(2, Method),
});
const File = new MessageType('FileDescriptorProto', {
  name: one(1, 'string'),
  package: one(2, 'string'),
  dependency: many(3, 'string'),
  message_type: rawMany(4, Descriptor),
  enum_type: many(5, Enum),
  service: many(6, Service),
  syntax: one(12, 'string'),
});

const TYPE_NUMBER = {
  double: 1,
  float: 2,
  int64: 3,
  uint64: 4,
  int32: 5,
  bool: 8,
  string: 9,
  bytes: 12,
  uint32: 13,
  sint64: 18,
} as const;
const TYPE_MESSAGE = 11;
const TYPE_ENUM = 14;
const LABEL_OPTIONAL = 1;
const LABEL_REPEATED = 3;

/** The serialized FileDescriptorProto of a file, without those that it imports. */
export function fileDescriptor(file: FileSpec): Buffer {
  const within = (parent: string) => file.types.filter(({ name }) => parentOf(name) === parent);
  const top = within(file.package);
  return encode(File, {
    name: file.name,
    package: file.package,
    dependency: file.imports.map(({ name }) => name),
    message_type: top
      .filter((type) => type instanceof MessageType)
      .map((type) => messageDescriptor(type, within)),
    enum_type: top.filter((type) => type instanceof EnumType).map(enumDescriptor),
    service: file.services.map((service) => ({
      name: lastOf(service.name),
      method: Object.entries(service.methods).map(([name, method]) => ({
        name,
        input_type: `.${method.input.name}`,
        output_type: `.${method.output.name}`,
        client_streaming: method.clientStreams === true,
        server_streaming: method.serverStreams === true,
      })),
    })),
    syntax: 'proto3',
  });
}

/** All names that a file gives: messages, enums, services and their methods. */
export function symbolsOf({ types, services }: FileSpec): string[] {
  return [
    ...types.map(({ name }) => name),
    ...services.flatMap(({ name, methods }) => [
      name,
      ...Object.keys(methods).map((method) => `${name}.${method}`),
    ]),
  ];
}

function messageDescriptor(type: MessageType, within: (parent: string) => FileSpec['types']): Buffer {
  const fields = Object.entries(type.fields); // in their order: Go wants those of a group to follow each other
  const oneofs = [...new Set(fields.flatMap(([, { oneof }]) => oneof ?? []))];
  const inner = within(type.name);
  const entries = fields.filter(([, { kind }]) => kind === 'map');
  return encode(Descriptor, {
    name: lastOf(type.name),
    field: fields.map(([name, field]) => fieldDescriptor(type, name, field, oneofs)),
    nested_type: [
      ...inner.filter((each) => each instanceof MessageType).map((each) => messageDescriptor(each, within)),
      ...entries.map(([name, field]) => entryDescriptor(name, field)),
    ],
    enum_type: inner.filter((each) => each instanceof EnumType).map(enumDescriptor),
    oneof_decl: oneofs.map((name) => ({ name })),
  });
}

function fieldDescriptor(
  parent: MessageType,
  name: string,
  { number, type, kind, oneof }: Field<unknown>,
  oneofs: readonly string[],
): Written<typeof FieldOfMessage> {
  const described =
    kind === 'map' ? { type: TYPE_MESSAGE, type_name: `.${parent.name}.${entryName(name)}` } : typeOf(type);
  return {
    name,
    number,
    label: kind === 'one' ? LABEL_OPTIONAL : LABEL_REPEATED,
    ...described,
    oneof_index: oneof === undefined ? undefined : oneofs.indexOf(oneof),
  };
}

/** A map is a list of messages of a key and a value each. */
function entryDescriptor(name: string, { type }: Field<unknown>): Buffer {
  return encode(Descriptor, {
    name: entryName(name),
    field: [
      { name: 'key', number: 1, label: LABEL_OPTIONAL, ...typeOf('string') },
      { name: 'value', number: 2, label: LABEL_OPTIONAL, ...typeOf(type) },
    ],
    options: { map_entry: true },
  });
}

function typeOf(type: Type): { type: number; type_name: string } {
  if (type instanceof MessageType) return { type: TYPE_MESSAGE, type_name: `.${type.name}` };
  if (type instanceof EnumType) return { type: TYPE_ENUM, type_name: `.${type.name}` };
  return { type: TYPE_NUMBER[type], type_name: '' };
}

function enumDescriptor({ name, values }: EnumType) {
  return {
    name: lastOf(name),
    value: Object.entries(values).map(([value, number]) => ({ name: value, number })),
  };
}

/** `version_labels` → `VersionLabelsEntry`, as compilers name it. */
function entryName(field: string): string {
  return `${field.replace(/(?:^|_)(\w)/g, (_all, letter: string) => letter.toUpperCase())}Entry`;
}

function parentOf(name: string): string {
  return name.slice(0, name.lastIndexOf('.'));
}

function lastOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
