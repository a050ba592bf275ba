import t from 'tap';
import { HEALTH_FILE } from '../grpc/health.ts';
import { REFLECTION_FILES } from '../grpc/reflection.ts';
import { GRPC_SERVICE_FILE } from './definitions/open-inference.ts';
import {
  MODEL_SERVICE_FILE,
  PREDICTION_LOG_FILE,
  PREDICTION_SERVICE_FILE,
} from './definitions/tensorflow-serving.ts';
import { type FileSpec, fileDescriptor, symbolsOf } from './descriptor.ts';
import { EnumType, MessageType, map, one, oneOf } from './schema.ts';

const withImports = (file: FileSpec): FileSpec[] => [file, ...file.imports.flatMap(withImports)];
const FILES = new Set(
  [
    PREDICTION_SERVICE_FILE,
    MODEL_SERVICE_FILE,
    PREDICTION_LOG_FILE,
    GRPC_SERVICE_FILE,
    HEALTH_FILE,
    ...REFLECTION_FILES,
  ].flatMap(withImports),
);

t.test('a descriptor as protobuf itself writes it', async (t) => {
  const Inner = new MessageType('p.Outer.Inner', { n: one(1, 'int32') });
  const Kind = new EnumType('p.Outer.Kind', { NONE: 0 });
  const Outer = new MessageType('p.Outer', {
    inner: oneOf('choice', 1, Inner),
    kind: one(2, Kind),
    by_name: map(3, 'string'),
  });
  const service = { name: 'p.S', methods: { Call: { input: Outer, output: Inner, serverStreams: true } } };
  const types = [Outer, Inner, Kind];
  const file = { name: 'f.proto', package: 'p', imports: [], types, services: [service] };
  const expected = [
    '0a07662e70726f746f12017022cb010a054f75746572121f0a05696e6e657218012001280b320e2e702e4f757465722e',
    '496e6e65724800121b0a046b696e6418022001280e320d2e702e4f757465722e4b696e6412250a0762795f6e616d6518',
    '032003280b32142e702e4f757465722e42794e616d65456e7472791a120a05496e6e657212090a016e1801200128051a',
    '2d0a0b42794e616d65456e747279120b0a036b6579180120012809120d0a0576616c75651802200128093a0238012210',
    '0a044b696e6412080a044e4f4e45100042080a0663686f69636532270a015312220a0443616c6c12082e702e4f757465',
    '721a0e2e702e4f757465722e496e6e65723001620670726f746f33',
  ].join('');
  t.equal(fileDescriptor(file).toString('hex'), expected);
  t.same(symbolsOf(file), ['p.Outer', 'p.Outer.Inner', 'p.Outer.Kind', 'p.S', 'p.S.Call']);
});

t.test('the rules that compilers hold descriptors to', async (t) => {
  const known = new Set([...FILES].flatMap(symbolsOf));
  for (const { name: file, types, services, imports } of FILES) {
    const within = new Set([...types, ...imports.flatMap(({ types }) => types)].map(({ name }) => name));
    for (const type of types) {
      t.equal(known.has(type.name), true);
      if (type instanceof EnumType) {
        t.equal(Object.values(type.values)[0], 0, `${type.name} begins with 0`);
        continue;
      }
      const fields = Object.entries(type.fields);
      t.equal(
        new Set(fields.map(([, { number }]) => number)).size,
        fields.length,
        `${type.name}: numbers are told apart`,
      );
      const groups = fields.map(([, { oneof }]) => oneof);
      for (const group of new Set(groups)) {
        const [first, last] = [groups.indexOf(group), groups.lastIndexOf(group)];
        const together = group === undefined || groups.slice(first, last).every((each) => each === group);
        t.ok(together, `${type.name}: the fields of ${group} follow each other, or Go reads none of it`);
      }
      for (const [name, { type: of }] of fields) {
        if (typeof of !== 'string')
          t.ok(within.has(of.name), `${file} knows ${of.name} of ${type.name}.${name}`);
      }
    }
    for (const { methods } of services) {
      for (const { input, output } of Object.values(methods)) {
        t.ok(
          within.has(input.name) && within.has(output.name),
          `${file} knows ${input.name} and ${output.name}`,
        );
      }
    }
  }
});
