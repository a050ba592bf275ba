import { ROOT_CONTEXT } from '@opentelemetry/api';
import { SamplingDecision, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace';
import type { Sampling } from './tracing-options.ts';

const TRACEPARENT = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(?:-|$)/;
const SAMPLED = 1;

/**
 * Whether a request is traced, by its `traceparent`. It is asked for every request, so it makes nothing: the SDK would make a
 * trace ID, a span ID and a span to find out that there is to be none, which at 1 % costs a tenth of a small model's CPU time.
 */
export function samplerOf({ ratio, parentBased }: Sampling): (traceparent?: string) => boolean {
  const byTrace = new TraceIdRatioBasedSampler(ratio);
  return (traceparent) => {
    const [, traceId, flags] = traceparent === undefined ? [] : (TRACEPARENT.exec(traceparent) ?? []);
    // a trace that starts here: its ID would be random, and nobody else has it yet
    if (traceId === undefined || flags === undefined) return Math.random() < ratio;
    if (parentBased) return (Number.parseInt(flags, 16) & SAMPLED) !== 0;
    return byTrace.shouldSample(ROOT_CONTEXT, traceId).decision === SamplingDecision.RECORD_AND_SAMPLED;
  };
}
