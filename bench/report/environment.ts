import Type from 'typebox';
import { Value } from 'typebox/value';
import { FatalError, messageOf } from '../../function/errors.ts';

const Text = Type.String();
const MaybeText = Type.Optional(Type.Union([Text, Type.Null()]));
const MaybeNumber = Type.Optional(Type.Union([Type.Number(), Type.Null()]));

const Target = Type.Object({
  id: Text,
  label: Text,
  measured: Type.Boolean(),
  how: MaybeText,
  command: MaybeText,
  flags: Type.Optional(Type.Array(Text)),
  environment: Type.Optional(Type.Record(Text, Text)),
  version: MaybeText,
  digest: MaybeText,
  linkage: MaybeText,
  workers: MaybeNumber,
  threads: MaybeNumber,
  notes: MaybeText,
});

/** A target of models/*.csv. */
const ModelTarget = Type.Object({
  id: Text,
  label: Text,
  version: MaybeText,
  digest: MaybeText,
  command: MaybeText,
  environment: Type.Optional(Type.Record(Text, Text)),
  notes: MaybeText,
});

const Model = Type.Object({
  model: Text,
  note: MaybeText,
  parameters: MaybeNumber,
  weights_sha256: MaybeText,
});

/** What the report reads of environment.json; bench/README.md describes the whole file. */
const Schema = Type.Object({
  schema: Type.Literal(1),
  mode: Type.Union([Type.Literal('full'), Type.Literal('partial'), Type.Literal('quick')]),
  started: Text,
  finished: Text,
  elapsed_s: Type.Number(),
  command: Text,
  commit: Text,
  dirty: Type.Boolean(),
  machine: Type.Object({
    cpu: Text,
    cores: Type.Number(),
    memory_bytes: Type.Number(),
    memory_limit_bytes: MaybeNumber,
    kernel: Text,
    os: Text,
    architecture: Text,
    virtualized: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  }),
  pinning: Type.Object({ server: MaybeText, client: MaybeText, reason: MaybeText }),
  tools: Type.Record(Text, Type.Union([Text, Type.Null()])),
  model: Type.Object({ path: Text, sha256: Text }),
  settings: Type.Record(Text, Type.Unknown()),
  payloads: Type.Record(Text, Type.Object({ method: Text, path: Text, body: Text, answer: Text })),
  targets: Type.Array(Target),
  models: Type.Optional(Type.Array(Model)),
  model_settings: Type.Optional(Type.Record(Text, Type.Unknown())),
  model_targets: Type.Optional(Type.Array(ModelTarget)),
});

export type Environment = Type.Static<typeof Schema>;
export type TargetDetails = Type.Static<typeof Target>;

/** Checks the text of environment.json. Throws FatalError that names the first place which is not as agreed. */
export function parseEnvironment(text: string, path: string): Environment {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FatalError(`${path} is not JSON: ${messageOf(error)}; run npm run bench again`);
  }
  if (Value.Check(Schema, value)) return value;
  const [first] = Value.Errors(Schema, value);
  const place = first === undefined ? '' : `${first.instancePath || '/'} ${first.message}`;
  throw new FatalError(`${path} is not as bench/README.md says: ${place}; run npm run bench again`);
}
