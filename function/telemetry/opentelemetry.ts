import {
  type Context,
  ROOT_CONTEXT,
  type Tracer as SdkTracer,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace as traces,
} from '@opentelemetry/api';
import { type ExportResult, ExportResultCode, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Logger } from './logger.ts';
import { samplerOf } from './sampler.ts';
import type { Attributes, Stage, Trace, TracedProcess, Tracer } from './tracing.ts';
import type { TracingOptions } from './tracing-options.ts';

/** How long the end of the process waits for spans to be taken, in ms. */
const CLOSE_MS = 2000;

/** How often it is said that the endpoint does not take spans, in ms. */
const COMPLAIN_EVERY_MS = 60_000;

/** Traces by OpenTelemetry's SDK, sent by OTLP over HTTP. It reads endpoint, headers and certificates itself. */
export function createTracer(
  options: TracingOptions,
  { runId, version, revision, logger }: TracedProcess,
): Tracer {
  const ours = resourceFromAttributes({
    'service.name': 'celsiusify',
    'service.version': version,
    'service.instance.id': runId,
    ...(revision === '' ? {} : { 'faas.version': revision }),
  });
  const exporter = new ComplainingExporter(new OTLPTraceExporter(), logger);
  const provider = new TracerProvider({
    resource: ours.merge(detectResources({ detectors: [envDetector] })),
    sampler: new AlwaysOnSampler(), // ours decides before the SDK is asked for a span
    spanProcessors: [new BatchSpanProcessor({ exporter, ...options.batch })],
    spanLimits: { attributeValueLengthLimit: 256 },
  });
  return new OpenTelemetryTracer(provider, version, samplerOf(options.sampling));
}

class OpenTelemetryTracer implements Tracer {
  readonly #provider: TracerProvider;
  readonly #tracer: SdkTracer;
  readonly #propagator = new W3CTraceContextPropagator();
  readonly #isSampled: (traceparent: string | undefined) => boolean;

  constructor(provider: TracerProvider, version: string, isSampled: (traceparent?: string) => boolean) {
    this.#provider = provider;
    this.#isSampled = isSampled;
    this.#tracer = provider.getTracer('celsiusify', version);
  }

  begin(header: (name: string) => string | undefined, start_ms: number): Trace | undefined {
    const traceparent = header('traceparent');
    if (!this.#isSampled(traceparent)) return undefined;
    const parent =
      traceparent === undefined
        ? ROOT_CONTEXT
        : this.#propagator.extract(ROOT_CONTEXT, header, HEADER_GETTER);
    const options = { kind: SpanKind.SERVER, startTime: epochMs(start_ms) };
    return new OpenTelemetryTrace(this.#tracer, this.#tracer.startSpan('request', options, parent), parent);
  }

  async close(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, CLOSE_MS);
    await Promise.race([this.#provider.shutdown().catch(() => {}), late]);
    clearTimeout(timer);
  }
}

const HEADER_GETTER = {
  get: (header: (name: string) => string | undefined, name: string) => header(name),
  keys: () => [],
};

class OpenTelemetryTrace implements Trace {
  readonly #tracer: SdkTracer;
  readonly #span: Span;
  readonly #context: Context;

  constructor(tracer: SdkTracer, span: Span, parent: Context) {
    this.#tracer = tracer;
    this.#span = span;
    this.#context = traces.setSpan(parent, span);
  }

  get traceId(): string {
    return this.#span.spanContext().traceId;
  }

  get traceparent(): string {
    const { traceId, spanId } = this.#span.spanContext();
    return `00-${traceId}-${spanId}-01`; // 01: sampled, or there would be no such object
  }

  stage(name: Stage, start_ms: number, end_ms: number, attributes: Attributes = {}): void {
    this.#tracer
      .startSpan(name, { startTime: epochMs(start_ms), attributes }, this.#context)
      .end(epochMs(end_ms));
  }

  end(name: string, attributes: Attributes, failed: boolean): void {
    this.#span.updateName(name).setAttributes(attributes);
    if (failed) this.#span.setStatus({ code: SpanStatusCode.ERROR });
    this.#span.end(epochMs(performance.now()));
  }
}

/** One clock for all times of a trace. @param ms on performance.now()'s */
const epochMs = (ms: number): number => performance.timeOrigin + ms;

/** Says in the log that spans are lost, and why, as the SDK would tell only a logger of the whole process. */
class ComplainingExporter implements SpanExporter {
  readonly #exporter: SpanExporter;
  readonly #logger: Logger;
  #complained_ms = Number.NEGATIVE_INFINITY;

  constructor(exporter: SpanExporter, logger: Logger) {
    this.#exporter = exporter;
    this.#logger = logger;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.#exporter.export(spans, (result) => {
      if (result.code !== ExportResultCode.SUCCESS) this.#complain(spans.length, result.error);
      done(result);
    });
  }

  #complain(spans: number, error: Error | undefined): void {
    const now_ms = performance.now();
    if (now_ms - this.#complained_ms < COMPLAIN_EVERY_MS) return;
    this.#complained_ms = now_ms;
    this.#logger.warn(
      { spans, error: error?.message ?? 'no reason given' },
      'spans were not taken; see OTEL_EXPORTER_OTLP_ENDPOINT',
    );
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }

  forceFlush(): Promise<void> {
    return this.#exporter.forceFlush?.() ?? Promise.resolve();
  }
}
