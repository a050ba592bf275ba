import t from 'tap';
import { FatalError } from '../errors.ts';
import { parseTracing } from './tracing-options.ts';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
const ALL = { sampling: { ratio: 1, parentBased: true }, batch: {} };

t.test('what OpenTelemetry’s variables say', async (t) => {
  const cases: [string, Record<string, string>, ReturnType<typeof parseTracing>][] = [
    ['nothing: no traces', {}, undefined],
    ['an empty endpoint is none', { OTEL_EXPORTER_OTLP_ENDPOINT: '' }, undefined],
    ['an endpoint: all that callers leave open', ENDPOINT, ALL],
    ['one of traces alone', { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://c/v1/traces' }, ALL],
    ['switched off', { ...ENDPOINT, OTEL_SDK_DISABLED: 'TRUE' }, undefined],
    ['no exporter', { ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }, undefined],
    [
      'a hundredth',
      {
        ...ENDPOINT,
        OTEL_TRACES_EXPORTER: 'otlp',
        OTEL_TRACES_SAMPLER: 'traceidratio',
        OTEL_TRACES_SAMPLER_ARG: '.01',
      },
      { sampling: { ratio: 0.01, parentBased: false }, batch: {} },
    ],
    [
      'only what callers trace',
      { ...ENDPOINT, OTEL_TRACES_SAMPLER: 'parentbased_always_off', OTEL_TRACES_SAMPLER_ARG: '0.5' },
      { sampling: { ratio: 0, parentBased: true }, batch: {} },
    ],
    [
      'how spans are sent',
      {
        ...ENDPOINT,
        OTEL_BSP_SCHEDULE_DELAY: '100',
        OTEL_BSP_MAX_QUEUE_SIZE: '',
        OTEL_BSP_EXPORT_TIMEOUT: '5',
      },
      { ...ALL, batch: { scheduledDelayMillis: 100, exportTimeoutMillis: 5 } },
    ],
  ];
  for (const [name, env, expected] of cases) t.same(parseTracing(env), expected, name);
});

t.test('what is refused', async (t) => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, /^OTEL_EXPORTER_OTLP_ENDPOINT: .* http:\/\//],
    [{ ...ENDPOINT, OTEL_TRACES_EXPORTER: 'zipkin' }, /^OTEL_TRACES_EXPORTER: "zipkin" is not otlp or none/],
    [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, /"grpc" is not http\/protobuf, .* 4318/],
    [{ ...ENDPOINT, OTEL_TRACES_SAMPLER: 'some' }, /^OTEL_TRACES_SAMPLER: "some" is not one of always_on, /],
    [{ ...ENDPOINT, OTEL_TRACES_SAMPLER_ARG: '1.5' }, /^OTEL_TRACES_SAMPLER_ARG: "1.5" is not a number/],
    [{ ...ENDPOINT, OTEL_TRACES_SAMPLER_ARG: 'NaN' }, /^OTEL_TRACES_SAMPLER_ARG: "NaN"/],
    [{ ...ENDPOINT, OTEL_BSP_MAX_QUEUE_SIZE: '0' }, /^OTEL_BSP_MAX_QUEUE_SIZE: "0" is not a whole number/],
  ];
  for (const [env, message] of cases) {
    t.throws(() => parseTracing(env), { message, exitCode: 2, constructor: FatalError });
  }
});
