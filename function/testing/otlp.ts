import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import protobuf from 'protobufjs';
import type { Test } from 'tap';

/** A span as it came over the wire. IDs are hexadecimal, times in ns since 1970. */
export interface SentSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly kind: number;
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: Readonly<Record<string, string | number>>;
  /** 2 for a failure, as the server sees it. */
  readonly status: number;
}

export interface Collector {
  readonly url: string;
  readonly spans: SentSpan[];
  readonly resources: Readonly<Record<string, string | number>>[];
  readonly requests: { readonly path: string; readonly headers: IncomingHttpHeaders }[];
}

/** Names, numbers and types of OTLP's messages, as far as they are read here. */
const field = (id: number, type: string, rule?: 'repeated') => ({ id, type, ...(rule && { rule }) });
const TYPES = protobuf.Root.fromJSON({
  nested: {
    AnyValue: {
      oneofs: { value: { oneof: ['stringValue', 'intValue', 'doubleValue'] } },
      fields: {
        stringValue: field(1, 'string'),
        intValue: field(3, 'int64'),
        doubleValue: field(4, 'double'),
      },
    },
    KeyValue: { fields: { key: field(1, 'string'), value: field(2, 'AnyValue') } },
    Status: { fields: { code: field(3, 'int32') } },
    Span: {
      fields: {
        traceId: field(1, 'bytes'),
        spanId: field(2, 'bytes'),
        parentSpanId: field(4, 'bytes'),
        name: field(5, 'string'),
        kind: field(6, 'int32'),
        start: field(7, 'fixed64'),
        end: field(8, 'fixed64'),
        attributes: field(9, 'KeyValue', 'repeated'),
        status: field(15, 'Status'),
      },
    },
    ScopeSpans: { fields: { spans: field(2, 'Span', 'repeated') } },
    Resource: { fields: { attributes: field(1, 'KeyValue', 'repeated') } },
    ResourceSpans: {
      fields: { resource: field(1, 'Resource'), scopeSpans: field(2, 'ScopeSpans', 'repeated') },
    },
    Request: { fields: { resourceSpans: field(1, 'ResourceSpans', 'repeated') } },
  },
}).lookupType('Request');

interface KeyValue {
  readonly key: string;
  readonly value?: {
    readonly stringValue?: string;
    readonly intValue?: string;
    readonly doubleValue?: number;
  };
}

interface Request {
  readonly resourceSpans?: {
    readonly resource?: { readonly attributes?: readonly KeyValue[] };
    readonly scopeSpans?: { readonly spans?: readonly RawSpan[] }[];
  }[];
}

interface RawSpan {
  readonly traceId: Buffer;
  readonly spanId: Buffer;
  readonly parentSpanId?: Buffer;
  readonly name: string;
  readonly kind: number;
  readonly start: string;
  readonly end: string;
  readonly attributes?: readonly KeyValue[];
  readonly status?: { readonly code?: number };
}

const attributesOf = (list: readonly KeyValue[] = []) =>
  Object.fromEntries(
    list.map(({ key, value = {} }) => [
      key,
      value.stringValue ?? (value.intValue === undefined ? (value.doubleValue ?? 0) : Number(value.intValue)),
    ]),
  );

/** Takes spans by OTLP over HTTP, as a collector does. @param status of its answers */
export async function startCollector(t: Test, status = 200): Promise<Collector> {
  const collector: Collector = { url: '', spans: [], resources: [], requests: [] };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      collector.requests.push({ path: request.url ?? '', headers: request.headers });
      // What the types above say.
      const message = TYPES.toObject(TYPES.decode(Buffer.concat(parts)), { longs: String }) as Request;
      for (const { resource, scopeSpans = [] } of message.resourceSpans ?? []) {
        collector.resources.push(attributesOf(resource?.attributes));
        for (const { spans = [] } of scopeSpans) collector.spans.push(...spans.map(read));
      }
      response.writeHead(status, { 'content-type': 'application/x-protobuf' }).end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return { ...collector, url: `http://127.0.0.1:${port}` };
}

function read(span: RawSpan): SentSpan {
  return {
    name: span.name,
    traceId: span.traceId.toString('hex'),
    spanId: span.spanId.toString('hex'),
    parentSpanId: span.parentSpanId?.toString('hex') ?? '',
    kind: span.kind,
    start: BigInt(span.start),
    end: BigInt(span.end),
    attributes: attributesOf(span.attributes),
    status: span.status?.code ?? 0,
  };
}
