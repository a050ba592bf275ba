// Replays what a real TensorFlow Serving 2.17.1 answered while HandleReloadConfigRequest changed which models it serves:
// each setup on a server of its own, its calls in their order. The same answer means what replay.test.ts says.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import t from 'tap';
import { decode, encode } from '../../function/protobuf/codec.ts';
import { ModelService, ReloadConfigRequest } from '../../function/protobuf/definitions/tensorflow-serving.ts';
import { freePort } from '../../function/testing/socket.ts';
import { fixture, startServer } from '../../function/testing/whole-server.ts';
import { differenceOf, type Recording, sendRecording } from './recordings.ts';

/** Where we differ, by recorded call: the code that we give, and why. */
const DIFFERENCES: Readonly<Record<string, { code: string; why: string }>> = {
  'grpc-reload-labels-20': { code: 'OK', why: 'a label may be given before its version is there' },
  'grpc-reload-labels-21': { code: 'OK', why: 'the reload before was taken' },
  'grpc-reload-labels-23': { code: 'OK', why: 'the reload before was taken' },
  'grpc-reload-platform-06': { code: 'OK', why: 'an unknown platform blocks nothing that comes after it' },
  'grpc-reload-platform-07': { code: 'OK', why: 'the reload before was taken' },
  'grpc-reload-no-platform-06': { code: 'OK', why: 'a missing platform blocks nothing that comes after it' },
  'grpc-reload-no-platform-07': { code: 'OK', why: 'the reload before was taken' },
};

const MODELS = fixture('tf-serving-models');
const RELOAD = `/${ModelService.name}/HandleReloadConfigRequest`;

/** What each server is started with. */
const CONFIG = `model_config_list {
  config {
    name: "shift" base_path: "${join(MODELS, 'shift')}" model_platform: "tensorflow"
    model_version_policy { specific { versions: 1 versions: 2 } }
  }
}
`;

/** A line without an ID was sent for the state that comes of it; how it was answered is not known. */
type Step = Recording | Pick<Recording, 'setup' | 'step' | 'method' | 'request_base64'>;

const steps = readFileSync(fixture('tf-serving-2.17.1-reload.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line): Step => JSON.parse(line))
  .map((step) => ({ ...step, request_base64: withFolders(step).toString('base64') }));

/** The request, with our folder of models in the place of /models. */
function withFolders({ method, request_base64 }: Step): Buffer {
  const bytes = Buffer.from(request_base64, 'base64');
  const list = method === RELOAD ? decode(ReloadConfigRequest, bytes).config?.model_config_list : undefined;
  if (list === undefined) return bytes;
  const config = list.config.map(({ base_path, ...rest }) => ({
    ...rest,
    base_path: base_path.replace(/^\/models/, MODELS),
  }));
  return encode(ReloadConfigRequest, {
    ...decode(ReloadConfigRequest, bytes),
    config: { model_config_list: { config } },
  });
}

/** Every model that a configuration names: the list at /v1/models lacks those that a reload has taken away. */
const NAMES = new Set(['shift', ...steps.filter(({ method }) => method === RELOAD).flatMap(namesOf)]);

function namesOf(reload: Step): string[] {
  try {
    const { config } = decode(ReloadConfigRequest, Buffer.from(reload.request_base64, 'base64'));
    return (config?.model_config_list?.config ?? []).map(({ name }) => name).filter((name) => name !== '');
  } catch {
    return []; // some were recorded to be refused
  }
}

/** Waits until no version is on its way up or down. */
async function settled(url: string): Promise<void> {
  for (;;) {
    const statuses = [...NAMES].map(async (name) => (await fetch(`${url}/v1/models/${name}`)).text());
    if (!/"(START|LOADING|UNLOADING)"/.test((await Promise.all(statuses)).join())) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

for (const setup of new Set(steps.map((step) => step.setup))) {
  t.test(setup, async (t) => {
    const GRPC_PORT = await freePort();
    const config = join(t.testdir({ 'models.config': CONFIG }), 'models.config');
    const { url } = await startServer(t, {
      GRPC_PORT,
      MODEL_CONFIG_FILE: config,
      MAX_NUM_LOAD_RETRIES: '0',
      FREEZE: 'false',
    });
    const client = new Client(`127.0.0.1:${GRPC_PORT}`, credentials.createInsecure());
    t.teardown(() => client.close());
    for (const step of steps.filter((one) => one.setup === setup)) {
      const { deadline_ms: _, ...sent } = { deadline_ms: 0, ...step }; // theirs is for answers that never come
      const recording: Recording = {
        id: '',
        compare: 'proto',
        code: '',
        message: '',
        response_base64: null,
        ...sent,
      };
      const { id } = recording;
      const answered = await sendRecording(client, recording);
      if (step.method === RELOAD) await settled(url);
      const difference = DIFFERENCES[id];
      if (difference !== undefined)
        t.equal(answered.code, difference.code, `${id} differs: ${difference.why}`);
      else if (id !== '') t.equal(differenceOf(recording, answered), undefined, id);
    }
  });
}
