import { join } from 'node:path';
import type { Deps, Served } from '../apis/deps.ts';
import { createApp } from '../app.ts';
import type { Batching } from '../engine/batching.ts';
import { Runner, type RunnerOptions } from '../engine/runner.ts';
import { Scheduler } from '../engine/scheduler.ts';
import { RequestError } from '../errors.ts';
import type { App } from '../http/route.ts';
import {
  type LoadOptions,
  loadVersion,
  type SavedModel,
  type ServedSignature,
} from '../model/saved-model.ts';
import type { Models } from '../models/catalogue.ts';
import { labelUnknown, modelUnknown, versionUnavailable } from '../models/find.ts';
import { versionFolders, versionOf } from '../models/folders.ts';
import { BEING_LOADED } from '../models/status.ts';
import { type Binding, loadBinding } from '../native/binding.ts';
import { NativeEngine } from '../native/engine.ts';
import { createLogger } from '../telemetry/logger.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { ModelMeter } from '../telemetry/model-meter.ts';
import { mintRunId } from '../telemetry/run-id.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const THREADS = 2;

let binding: Binding | undefined;
let engine: NativeEngine | undefined;

/** The addon with TensorFlow, loaded once a test file: the one that the set-up made, or another build of it. */
export function testBinding(): Binding {
  binding ??= loadBinding(process.env.CELSIUSIFY_NATIVE ?? join(ROOT, 'dist', 'native'));
  return binding;
}

export function testEngine(): NativeEngine {
  engine ??= new NativeEngine(testBinding(), THREADS);
  return engine;
}

/** Base path of celsius, or of a model of function/fixtures. */
export const modelFolder = (model: string): string =>
  model === 'celsius' ? join(ROOT, 'model', model) : join(ROOT, 'function', 'fixtures', model);

/** Loads celsius, or a model of function/fixtures; it is unloaded when the test is over. */
export async function testModel(
  t: { teardown(close: () => unknown): unknown },
  name = 'celsius',
  options?: LoadOptions,
): Promise<SavedModel> {
  const basePath = modelFolder(name);
  const { folders } = versionFolders(basePath, await testEngine().listFolder(basePath, false));
  const [[version, folder] = ['', '']] = folders; // the newest is the first
  const model = await loadVersion(testEngine(), { name, version, folder }, options);
  t.teardown(() => model.unload());
  return model;
}

/** The celsius model's signature under any name and with any output, as it would be read. */
export function celsiusSignature(name = 'serving_default'): ServedSignature {
  const info = (key: string) => ({ key, name: `${key}:0`, dtype: 'DT_FLOAT', shape: [-1] });
  return {
    name,
    method: 'tensorflow/serving/predict',
    inputs: [info('fahrenheit')],
    outputs: [info('celsius')],
    unsupported: undefined,
    index: 0,
    operations: new Set(),
  };
}

/** A model of which only what is said about it is asked: it cannot be run. */
export function describedModel(...signatures: ServedSignature[]): SavedModel {
  return {
    name: 'celsius',
    version: '1',
    signatures: new Map(signatures.map((signature) => [signature.name, signature])),
    id: -1,
    folder: '',
    kind: { inOrder: true, bfloat16: false, spread: false, winograd: false },
    hasVariables: false,
    size: { graphBytes: 0, constantBytes: 0, variableBytes: 0, holdsWeights: false },
    unload: async () => {},
  };
}

/** A runner of a loaded model. */
export function testRunner(
  { id }: SavedModel,
  { batching, ...options }: Partial<Omit<RunnerOptions, 'batching'>> & { batching?: Partial<Batching> } = {},
): Runner {
  return new Runner(id, {
    native: testEngine(),
    scheduler: new Scheduler(THREADS),
    place: 'auto',
    batching: { enabled: true, maxRows: 4096, timeout_ms: 0, padded: (rows) => rows, ...batching },
    limits: { maxRows: 65536, maxBytes: 1 << 28 },
    meter: new ModelMeter(),
    ...options,
  });
}

const zero = () => 0;
const NO_GAUGES = {
  queueRows: zero,
  calls: zero,
  threads: zero,
  threadsBusy: zero,
  inFlight: zero,
  coldStart: new Map([['process', 0.02]]),
  states: () => [],
};

/** What a catalogue of one model says, which has one version. */
function oneModel(served: () => Served, modelName: string): Models<Served> {
  const status = () => [{ version: served().version, state: 'AVAILABLE', code: 'OK', message: '' } as const];
  const check = (name: string, version: string | undefined) => {
    if (name !== modelName) throw modelUnknown(name, [modelName]);
    if (version === undefined || versionOf(version) === served().version) return;
    throw versionUnavailable(name, version, undefined, [served().version]);
  };
  const list = () => {
    try {
      return [{ name: modelName, versions: status(), labels: new Map(), reason: '' }];
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      return [{ name: modelName, versions: [], labels: new Map(), reason: BEING_LOADED }];
    }
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
    list,
    repository: list,
  };
}

/** An app without a socket. */
export interface TestApp {
  readonly app: App;
  readonly runId: string;
  readonly metrics: Metrics;
  /** Log lines written so far, as text. */
  readonly logs: string[];
}

/** @param overrides of what main.ts would hand down */
export function testApp(
  model: SavedModel,
  { runner, ...overrides }: Partial<Deps> & { runner?: Runner } = {},
): TestApp {
  const runId = mintRunId(Date.now());
  const metrics = new Metrics({}, NO_GAUGES);
  const logs: string[] = [];
  const served: Served = {
    name: model.name,
    version: model.version,
    signatures: model.signatures,
    model,
    runner: runner ?? testRunner(model),
    drained: async () => {},
    unload: () => model.unload(),
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
    corsOrigins: [],
    requestDeadlineMs: Number.POSITIVE_INFINITY,
    coldStart: NO_GAUGES.coldStart,
    phase: () => 'ready',
    whyNotReady: () => [],
    load: () => ({ threads: THREADS, busy: 0, rowsWaiting: 0 }),
    served: () => served,
    control: undefined,
    models: oneModel(overrides.served ?? (() => served), overrides.modelName ?? 'celsius'),
    ...overrides,
  });
  return { app, runId, metrics, logs };
}
