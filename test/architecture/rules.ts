import type { Import } from './imports.ts';

/** The parts of function/ from the top down; those of one line stand side by side. An import goes down, never up or across. */
const LAYERS: readonly (readonly string[])[] = [
  ['main.ts', 'bundled.ts'],
  ['program.ts'],
  ['process'],
  ['app.ts'],
  ['apis'],
  ['http', 'grpc'],
  ['http2'],
  ['models'],
  ['engine'],
  ['model'],
  ['native', 'telemetry', 'tls'],
  ['protobuf', 'unzip.ts', 'listening.ts', 'room.ts', 'errors.ts', 'version.ts'],
  ['pieces.ts'],
  ['buffers.ts'],
];

interface Rule {
  /** Goes on after "A imports B: ". */
  readonly says: string;
  readonly breaks: (from: string, to: string) => boolean;
}

/** Whether the file belongs to one of these parts of function/, and is no test. */
const isOf = (file: string, ...parts: string[]): boolean => parts.includes(partOf(file) ?? '');
const knowsNoTransport = (file: string): boolean => isOf(file, 'apis', 'models', 'engine', 'model');

const RULES: readonly Rule[] = [
  {
    says: `an import goes down only: ${LAYERS.map((parts) => parts.join(', ')).join(' → ')}`,
    breaks: (from, to) => {
      const above = layerOf(from);
      const below = layerOf(to);
      if (above === undefined || below === undefined || partOf(from) === partOf(to)) return false;
      return above >= below;
    },
  },
  {
    says: 'a part of function/ has its place in the layers of test/architecture/rules.ts',
    breaks: (from) => partOf(from) !== undefined && layerOf(from) === undefined,
  },
  {
    says: 'http/ hands requests to the routes that it is given, and knows no model',
    breaks: (from, to) => isOf(from, 'http') && isOf(to, 'models', 'engine', 'model', 'native'),
  },
  {
    says: 'no HTTP status is known here: throw a RequestError with a canonical code (function/errors.ts)',
    breaks: (from, to) => knowsNoTransport(from) && to === 'function/http/errors.ts',
  },
  {
    says: 'an API takes message.ts and route.ts of http/, call.ts and status.ts of grpc/: no sockets',
    breaks: (from, to) =>
      isOf(from, 'apis') && /^function\/(http|grpc)\/(?!(message|route|errors|call|status)\.ts$)/.test(to),
  },
  {
    says: 'sockets are for http/ and grpc/',
    breaks: (from, to) => knowsNoTransport(from) && /^node:(net|tls|dgram|http|https|http2)$/.test(to),
  },
  {
    says: 'function/ is what runs in the container, and needs nothing outside itself',
    breaks: (from, to) => from.startsWith('function/') && isOurs(to) && !to.startsWith('function/'),
  },
  {
    says: 'setup/ runs before anything else is there, and needs nothing outside itself',
    breaks: (from, to) => from.startsWith('setup/') && isOurs(to) && !to.startsWith('setup/'),
  },
  {
    says: 'function/testing/ is for tests',
    breaks: (from, to) => to.startsWith('function/testing/') && !isTest(from),
  },
];

/** What is wrong with each import that breaks a rule. */
export function faultsIn(imports: readonly Import[]): string[] {
  return imports.flatMap(({ from, to }) =>
    RULES.filter((rule) => rule.breaks(from, to)).map(({ says }) => `${from} imports ${to}: ${says}`),
  );
}

const isTest = (file: string): boolean =>
  /\.test\.[jt]s$/.test(file) || /^(function\/testing|test)\//.test(file);

/** Whether it is a file of this repository. */
const isOurs = (to: string): boolean => !/^(npm|node):/.test(to);

/** The folder, or the file, right below function/; undefined for tests, which may import all parts, and elsewhere. */
function partOf(file: string): string | undefined {
  return isTest(file) ? undefined : /^function\/([^/]+)/.exec(file)?.[1];
}

function layerOf(file: string): number | undefined {
  const part = partOf(file) ?? '';
  const layer = LAYERS.findIndex((parts) => parts.includes(part));
  return layer < 0 ? undefined : layer;
}
