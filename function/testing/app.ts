import type { Deps, Served } from '../apis/deps.ts';
import { createApp } from '../app.ts';
import type { App } from '../http/route.ts';
import { Batcher, type BatcherOptions } from '../model/batcher.ts';
import type { Model } from '../model/saved-model.ts';
import type { Signature } from '../model/signatures.ts';
import type { Tensor } from '../model/tensor.ts';
import type { Models } from '../models/catalogue.ts';
import { labelUnknown, modelUnknown, versionUnavailable } from '../models/find.ts';
import { versionOf } from '../models/folders.ts';
import type { FloatCodec } from '../native/binding.ts';
import { createLogger } from '../telemetry/logger.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { mintRunId } from '../telemetry/run-id.ts';

/** The celsius model's signature under any name and with any output, as readSignatures() would give it. */
export function celsiusSignature(name = 'serving_default'): Signature {
  const info = (key: string) => ({ key, name: `${key}:0`, dtype: 'DT_FLOAT', shape: [-1] });
  return {
    name,
    method: 'tensorflow/serving/predict',
    inputs: [info('fahrenheit')],
    outputs: [info('celsius')],
    inputNames: 'fahrenheit:0',
    outputNames: 'celsius:0',
    unsupported: undefined,
  };
}

/** A float32 tensor of rank 1. */
export function vector(...values: number[]): Tensor {
  return { dtype: 'DT_FLOAT', shape: [values.length], data: Float32Array.from(values) };
}

export function toCelsius({ data, ...tensor }: Tensor): Tensor {
  return { ...tensor, data: Float32Array.from(data as Float32Array, (f) => ((f - 32) * 5) / 9) };
}

/** Leaves all numbers to JavaScript, as native code does with those that it does not read or write. */
export const noNativeFloats: FloatCodec = { parseFloats: () => undefined, formatFloats: () => 0 };

/** A model that runs in JavaScript, without TensorFlow. */
export function fakeModel(
  run: Model['run'] = (_signature, inputs) => inputs.map(toCelsius),
  ...signatures: Signature[]
): Model {
  const named = signatures.length > 0 ? signatures : [celsiusSignature()];
  return {
    name: 'celsius',
    version: '1',
    signatures: new Map(named.map((signature) => [signature.name, signature])),
    floats: noNativeFloats,
    run,
    tensorsAlive: () => 0,
    dispose: () => {},
  };
}

/** What a catalogue of one model says, which has one version. */
function oneModel(served: () => Served, modelName: string): Models<Served> {
  const status = () => [{ version: served().version, state: 'AVAILABLE', code: 'OK', message: '' } as const];
  const check = (name: string, version: string | undefined) => {
    if (name !== modelName) throw modelUnknown(name, [modelName]);
    if (version === undefined || versionOf(version) === served().version) return;
    throw versionUnavailable(name, version, undefined, [served().version]);
  };
  return {
    has: (name) => name === modelName,
    find: (name, { version, label } = {}) => {
      if (label !== undefined) throw labelUnknown(label);
      check(name, version);
      return served();
    },
    statusOf: (name, version) => {
      check(name, version);
      return status();
    },
    list: () => [{ name: modelName, versions: status(), labels: new Map(), reason: '' }],
  };
}

/** An app without a socket and without TensorFlow. */
export interface TestApp {
  readonly app: App;
  readonly runId: string;
  readonly metrics: Metrics;
  /** Log lines written so far, as text. */
  readonly logs: string[];
}

/** @param overrides of what main.ts would hand down */
export function testApp(
  overrides: Partial<Deps> & { model?: Model; batcher?: Partial<BatcherOptions> } = {},
): TestApp {
  const { model = fakeModel(), batcher, ...deps } = overrides;
  const runId = mintRunId(Date.now());
  const coldStart = new Map([['process', 0.02]]);
  const zero = () => 0;
  const metrics = new Metrics({}, { queueRows: zero, tensorsAlive: zero, inFlight: zero, coldStart });
  const logs: string[] = [];
  const served: Served = {
    name: model.name,
    version: model.version,
    signatures: model.signatures,
    drained: async () => {},
    unload: async () => {},
    model,
    batcher: new Batcher(model, {
      enabled: true,
      maxBatchRows: 4096,
      maxQueueRows: 65536,
      onRun: () => {},
      ...batcher,
    }),
  };
  const app = createApp({
    runId,
    version: '1.2.3',
    revision: 'celsius-00001',
    modelName: 'celsius',
    metrics,
    metricsToken: '',
    metricsHere: true,
    logger: createLogger('info', runId, 'celsius-00001', { write: (line) => logs.push(line) }),
    logRequests: false,
    bodyLimitBytes: 1 << 20,
    coldStart,
    phase: () => 'ready',
    served: () => served,
    models: oneModel(deps.served ?? (() => served), deps.modelName ?? 'celsius'),
    ...deps,
  });
  return { app, runId, metrics, logs };
}
