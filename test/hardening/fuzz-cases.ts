// Requests for the fuzzer: right ones made from a model's signatures, and what mutations make of them.
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { Signature, TensorInfo } from '../../function/model/signatures.ts';
import type { Leaf, Row } from './fuzz-oracle.ts';

/** A request, and what it was made from as long as it is still right. */
export interface FuzzCase {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** What was done to it, for the report. */
  readonly kind: 'right' | 'structure' | 'bytes' | 'random' | 'route';
  readonly right?: {
    readonly signature: string;
    readonly format: 'row' | 'column';
    /** Rows by input name. */
    readonly rows: readonly Readonly<Record<string, Row>>[];
  };
}

/** A leaf's JSON: whole numbers keep all digits. */
export function jsonOf(row: Row): string {
  if (Array.isArray(row)) return `[${row.map(jsonOf).join(',')}]`;
  if (typeof row === 'bigint') return String(row);
  if (row instanceof Uint8Array) return `{"b64":"${Buffer.from(row).toString('base64')}"}`;
  return Object.is(row, -0) ? '-0' : JSON.stringify(row);
}

const unicode = fc.string({ unit: 'binary', maxLength: 40 });

function leaf(dtype: string): fc.Arbitrary<Leaf> {
  switch (dtype) {
    case 'DT_FLOAT':
      return fc.oneof(
        { weight: 30, arbitrary: fc.float({ noNaN: true, noDefaultInfinity: true }) },
        { weight: 30, arbitrary: fc.integer({ min: -1000, max: 1000 }).map((n) => n / 8) },
        {
          weight: 1,
          arbitrary: fc.constantFrom(0, -0, 3.4028234663852886e38, -3.4028234663852886e38, 1e-45),
        },
      );
    case 'DT_INT32':
      return fc.integer();
    case 'DT_UINT8':
      return fc.nat(255);
    case 'DT_INT64':
      return fc.oneof(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.bigInt({ min: -9n, max: 9n }),
      );
    case 'DT_BOOL':
      return fc.boolean();
    default:
      return fc.oneof(
        { weight: 4, arbitrary: unicode },
        { weight: 1, arbitrary: unicode.map((text) => new Uint8Array(Buffer.from(text))) },
      );
  }
}

/** One row of an input: its shape without the first dimension, −1 as any small size. */
function rowOf({ dtype, shape }: TensorInfo): fc.Arbitrary<Row> {
  const inner = (shape ?? []).slice(1);
  return inner.reduceRight<fc.Arbitrary<Row>>((element, size) => {
    const length = size < 0 ? 2 : size; // rows of one request must agree
    return fc.array(element, { minLength: length, maxLength: length });
  }, leaf(dtype));
}

function rightRequest(model: string, signature: Signature): fc.Arbitrary<FuzzCase> {
  const { inputs, name } = signature;
  const scalar = inputs.some(({ shape }) => shape?.length === 0);
  const record = fc
    .tuple(...inputs.map(rowOf))
    .map((rows) => Object.fromEntries(inputs.map(({ key }, i): [string, Row] => [key, rows[i] ?? 0])));
  const rows = scalar
    ? fc.array(record, { minLength: 1, maxLength: 1 })
    : fc.oneof(
        { weight: 8, arbitrary: fc.array(record, { minLength: 1, maxLength: 5 }) },
        { weight: 1, arbitrary: fc.array(record, { minLength: 40, maxLength: 120 }) },
      );
  const format = scalar ? fc.constant('column' as const) : fc.constantFrom('row' as const, 'column' as const);
  return fc.tuple(rows, format, fc.boolean(), fc.boolean()).map(([rows, format, bare, named]) => {
    const only = inputs.length === 1 ? inputs[0]?.key : undefined;
    const text = (key: string, row: Readonly<Record<string, Row>>) =>
      jsonOf(Object.getOwnPropertyDescriptor(row, key)?.value ?? 0);
    const column = (key: string) =>
      scalar ? text(key, rows[0] ?? {}) : `[${rows.map((row) => text(key, row)).join(',')}]`;
    const object = (value: (key: string) => string) =>
      `{${inputs.map(({ key }) => `${JSON.stringify(key)}:${value(key)}`).join(',')}}`;
    const value =
      format === 'row'
        ? `[${rows.map((row) => (only !== undefined && bare ? text(only, row) : object((key) => text(key, row)))).join(',')}]`
        : only !== undefined && bare
          ? column(only)
          : object(column);
    const signatureName =
      name === 'serving_default' && !named ? '' : `"signature_name":${JSON.stringify(name)},`;
    return {
      method: 'POST',
      path: `/v1/models/${model}:predict`,
      headers: {},
      body: Buffer.from(`{${signatureName}"${format === 'row' ? 'instances' : 'inputs'}":${value}}`),
      kind: 'right' as const,
      right: { signature: name, format, rows },
    };
  });
}

/** Fragments that parsers stumble over. */
const FRAGMENTS = (
  'null true [] {} [[]] [{}] "" 0 -0 -1 1e999 -1e999 1e-999 NaN Infinity 0x10 01 1. .5 +1 1e 123456789012345678901234567890 ' +
  '9223372036854775808 2147483648 "\\u0000" "\\ud800" "\\x" {"b64":"AA=="} {"b64":"!"} {"b64":1} "__proto__":1 ' +
  '{"__proto__":{"a":1}} {"constructor":{"prototype":{}}} "instances":[1] "inputs":{} "signature_name":"serving_default" ' +
  '"signature_name":5 [[[[[[[[[[ ]]]] }}}} , : // /*'
).split(' ');

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

const structure = fc
  .record({
    at: place,
    drop: fc.nat(6),
    insert: fc.constantFrom(...FRAGMENTS),
    levels: fc.constantFrom(1, 1, 1, 2, 9, 255, 5000),
  })
  .map(({ at, drop, insert, levels }) => (body: Buffer): Buffer => {
    // At a boundary of JSON's tokens, so that many results are JSON still.
    const text = body.toString();
    const bounds = [...text.matchAll(/[[\]{},:]/g)].map(({ index }) => index);
    const from = bounds[Math.floor(at * bounds.length)] ?? 0;
    const to = bounds[Math.min(Math.floor(at * bounds.length) + drop, bounds.length - 1)] ?? from;
    const inserted = levels === 1 ? insert : '['.repeat(levels) + insert + ']'.repeat(levels);
    return Buffer.from(text.slice(0, from + 1) + inserted + text.slice(Math.max(to, from + 1)));
  });

const bytes = fc
  .record({ at: place, drop: fc.nat(8), insert: fc.uint8Array({ maxLength: 8 }), twice: fc.boolean() })
  .map(({ at, drop, insert, twice }) => (body: Buffer): Buffer => {
    const from = Math.floor(at * body.length);
    const rest = body.subarray(from + drop);
    return Buffer.concat([body.subarray(0, from), insert, ...(twice ? [body.subarray(0, from)] : []), rest]);
  });

const ROUTES = [
  '/',
  '/celsius',
  '/healthz',
  '/readyz',
  '/metrics',
  '/openapi.json',
  '/v1',
  '/v1/',
  '/v1/models',
  '/v1/models/M',
  '/v1/models/M/metadata',
  '/v1/models/M/versions/1',
  '/v1/models/M/versions/99999999999999999999:predict',
  '/v1/models/M/labels/x:predict',
  '/v1/models/M:classify',
  '/v1/models/M:predict?a=b',
  '/v1/models/%00:predict',
  '/V1/MODELS/M:predict',
  '/v1/models/M:predict/',
  '//',
  '/%',
  '/%ff',
  '/..;/',
  '/__proto__',
  '/constructor',
  '/a'.repeat(2000),
];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE'];

/** All kinds of requests to one model, as it is named in paths. */
export function fuzzCases(model: string, signatures: readonly Signature[]): fc.Arbitrary<FuzzCase> {
  const right = fc.oneof(...signatures.map((signature) => rightRequest(model, signature)));
  const mutated = (kind: 'structure' | 'bytes', mutation: fc.Arbitrary<(body: Buffer) => Buffer>) =>
    fc
      .tuple(right, fc.array(mutation, { minLength: 1, maxLength: 3 }))
      .map(([{ method, path, headers, body }, all]): FuzzCase => {
        return { method, path, headers, kind, body: all.reduce<Buffer>((one, mutate) => mutate(one), body) };
      });
  const random = fc.uint8Array({ maxLength: 300 }).map(
    (body): FuzzCase => ({
      method: 'POST',
      path: `/v1/models/${model}:predict`,
      headers: {},
      kind: 'random',
      body: Buffer.from(body),
    }),
  );
  const celsius = fc
    .tuple(
      fc.oneof(leaf('DT_FLOAT'), fc.array(leaf('DT_FLOAT'), { maxLength: 90 })),
      fc.array(structure, { maxLength: 1 }),
    )
    .map(([value, all]): FuzzCase => {
      const body = Buffer.from(`{"fahrenheit":${jsonOf(value)}}`);
      return {
        method: 'POST',
        path: '/celsius',
        headers: {},
        kind: 'structure',
        body: all.reduce<Buffer>((one, mutate) => mutate(one), body),
      };
    });
  const route = fc
    .record({ method: fc.constantFrom(...METHODS), path: fc.constantFrom(...ROUTES), from: right })
    .map(
      ({ method, path, from }): FuzzCase => ({
        method,
        path: path.replace('M', model),
        headers: {},
        kind: 'route',
        body: method === 'POST' ? from.body : Buffer.alloc(0),
      }),
    );
  const plain = fc.oneof(
    { weight: 30, arbitrary: right },
    { weight: 30, arbitrary: mutated('structure', structure) },
    { weight: 25, arbitrary: mutated('bytes', bytes) },
    { weight: 5, arbitrary: random },
    { weight: 5, arbitrary: celsius },
    { weight: 5, arbitrary: route },
  );
  return fc.tuple(plain, fc.nat(99), place).map(([one, dice, at]) => withHeaders(one, dice, at));
}

/** Now and then: gzip in, a damaged gzip stream, gzip out, an encoding that nobody reads. */
function withHeaders(one: FuzzCase, dice: number, at: number): FuzzCase {
  const { right: _, ...rest } = one;
  const zipped = { ...one.headers, 'content-encoding': 'gzip' };
  if (dice < 5 && one.body.length > 0) return { ...one, headers: zipped, body: gzipSync(one.body) };
  if (dice < 8 && one.body.length > 0) {
    const body = gzipSync(one.body);
    body.writeUInt8(body.readUInt8(Math.floor(at * body.length)) ^ 0x55, Math.floor(at * body.length));
    return { ...rest, kind: 'bytes', headers: zipped, body };
  }
  if (dice < 13) return { ...one, headers: { ...one.headers, 'accept-encoding': 'gzip' } };
  if (dice < 14) return { ...rest, kind: 'bytes', headers: { 'content-encoding': 'br' } };
  if (dice < 16)
    return {
      ...one,
      headers: { ...one.headers, 'x-request-id': '"}\t{"a":1', 'content-type': 'text/plain' },
    };
  return one;
}
