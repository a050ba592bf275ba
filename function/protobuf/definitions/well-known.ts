import type { FileSpec } from '../descriptor.ts';
import { MessageType, one } from '../schema.ts';

/** A message of any type, which `type_url` names after its last slash. */
export const Any = new MessageType('google.protobuf.Any', {
  type_url: one(1, 'string'),
  value: one(2, 'bytes'),
});

/** An int64 that can be told from none. */
export const Int64Value = new MessageType('google.protobuf.Int64Value', { value: one(1, 'int64') });

export const ANY_FILE: FileSpec = {
  name: 'google/protobuf/any.proto',
  package: 'google.protobuf',
  imports: [],
  types: [Any],
  services: [],
};

export const WRAPPERS_FILE: FileSpec = {
  name: 'google/protobuf/wrappers.proto',
  package: 'google.protobuf',
  imports: [],
  types: [Int64Value],
  services: [],
};
