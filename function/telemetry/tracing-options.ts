import { FatalError } from '../errors.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Which requests are traced where the caller has not decided, or of all. */
export interface Sampling {
  /** From 0 (none) to 1 (all). */
  readonly ratio: number;
  /** Whether a caller's own decision, in `traceparent`, holds. */
  readonly parentBased: boolean;
}

/** What OpenTelemetry's standard variables say of traces, as far as its SDK does not read them itself. */
export interface TracingOptions {
  readonly sampling: Sampling;
  /** Of spans that wait to be sent, all in ms and counts; the SDK's own where undefined. */
  readonly batch: {
    readonly scheduledDelayMillis?: number;
    readonly exportTimeoutMillis?: number;
    readonly maxQueueSize?: number;
    readonly maxExportBatchSize?: number;
  };
}

const SAMPLERS: Readonly<Record<string, (ratio: number) => Sampling>> = {
  always_on: () => ({ ratio: 1, parentBased: false }),
  always_off: () => ({ ratio: 0, parentBased: false }),
  traceidratio: (ratio) => ({ ratio, parentBased: false }),
  parentbased_always_on: () => ({ ratio: 1, parentBased: true }),
  parentbased_always_off: () => ({ ratio: 0, parentBased: true }),
  parentbased_traceidratio: (ratio) => ({ ratio, parentBased: true }),
};

const PROTOCOL = 'http/protobuf';

/**
 * Reads the variables of https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/; an empty one
 * counts as not set.
 *
 * @returns undefined where no traces are to be sent: no endpoint, or switched off
 * @throws FatalError with exit code 2 that names the bad variable and what is allowed
 */
export function parseTracing(env: Env): TracingOptions | undefined {
  const given = (name: string) => env[name] || undefined;
  const endpointOf =
    given('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') === undefined
      ? 'OTEL_EXPORTER_OTLP_ENDPOINT'
      : 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT';
  const endpoint = given(endpointOf);
  if (endpoint === undefined || given('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return undefined;
  const exporter = given('OTEL_TRACES_EXPORTER') ?? 'otlp';
  if (exporter === 'none') return undefined;
  if (exporter !== 'otlp') throw bad('OTEL_TRACES_EXPORTER', exporter, 'otlp or none');
  if (!URL.canParse(endpoint) || !/^https?:/.test(endpoint))
    throw bad(endpointOf, endpoint, 'an http:// or https:// URL');
  const protocol =
    given('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') ?? given('OTEL_EXPORTER_OTLP_PROTOCOL') ?? PROTOCOL;
  if (protocol !== PROTOCOL)
    throw bad(
      'OTEL_EXPORTER_OTLP_PROTOCOL',
      protocol,
      `${PROTOCOL}, which collectors take on port 4318 unless told otherwise`,
    );
  const batch = {
    scheduledDelayMillis: count(env, 'OTEL_BSP_SCHEDULE_DELAY'),
    exportTimeoutMillis: count(env, 'OTEL_BSP_EXPORT_TIMEOUT'),
    maxQueueSize: count(env, 'OTEL_BSP_MAX_QUEUE_SIZE'),
    maxExportBatchSize: count(env, 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE'),
  };
  return {
    sampling: samplingOf(env),
    batch: Object.fromEntries(Object.entries(batch).filter(([, value]) => value !== undefined)),
  };
}

function samplingOf(env: Env): Sampling {
  const name = env.OTEL_TRACES_SAMPLER || 'parentbased_always_on';
  const sampling = SAMPLERS[name];
  if (sampling === undefined)
    throw bad('OTEL_TRACES_SAMPLER', name, `one of ${Object.keys(SAMPLERS).join(', ')}`);
  const text = env.OTEL_TRACES_SAMPLER_ARG || '1';
  const ratio = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(ratio >= 0 && ratio <= 1)) throw bad('OTEL_TRACES_SAMPLER_ARG', text, 'a number from 0 to 1');
  return sampling(ratio);
}

function count(env: Env, name: string): number | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw bad(name, text, 'a whole number from 1 to 999999999');
  return Number(text);
}

function bad(name: string, value: string, allowed: string): FatalError {
  return new FatalError(`${name}: ${JSON.stringify(value)} is not ${allowed}`, 2);
}
