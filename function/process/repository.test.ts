// Triton's model repository extension on a whole server, by REST and by gRPC.
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import t, { type Test } from 'tap';
import { decode, encode } from '../protobuf/codec.ts';
import {
  RepositoryIndexRequest,
  RepositoryIndexResponse,
  RepositoryModelLoadRequest,
  RepositoryModelLoadResponse,
  RepositoryModelUnloadRequest,
  RepositoryModelUnloadResponse,
} from '../protobuf/definitions/open-inference.ts';
import { freePort } from '../testing/socket.ts';
import { fixture, startServer } from '../testing/whole-server.ts';

async function serve(t: Test, env: Record<string, string>) {
  const models = t.testdir();
  await cp(fixture('ranks'), join(models, 'ranks'), { recursive: true });
  await cp(fixture('versions'), join(models, 'counted'), { recursive: true });
  const GRPC_PORT = await freePort();
  const { url } = await startServer(t, { GRPC_PORT, MODELS_DIR: models, ...env });
  const client = new Client(`127.0.0.1:${GRPC_PORT}`, credentials.createInsecure());
  t.teardown(() => client.close());
  const bytes = (value: Buffer) => value;
  const call = (method: string, request: Buffer) =>
    new Promise<{ code: string; message: string; response: Buffer }>((resolve) =>
      client.makeUnaryRequest(
        `/inference.GRPCInferenceService/${method}`,
        ...([bytes, bytes, request] as const),
        (error: ServiceError | null, response = Buffer.alloc(0)) =>
          resolve({ code: status[error?.code ?? 0] ?? '', message: error?.details ?? '', response }),
      ),
    );
  const post = async (path: string, body = '') => {
    const answer = await fetch(url + path, { method: 'POST', body });
    const parsed: unknown = await answer.json();
    return { status: answer.status, body: parsed };
  };
  const ready = async (model: string) => (await fetch(`${url}/v2/models/${model}/ready`)).status === 200;
  return { models, call, post, ready };
}

t.test('loading and unloading', async (t) => {
  const { models, call, post, ready } = await serve(t, { ALLOW_MODEL_CONTROL: 'true' });
  const lines = async (body?: string) => {
    const { body: index } = await post('/v2/repository/index', body);
    return Array.isArray(index) ? index.map((line) => Object.values(line).join(' ').trim()) : [];
  };
  t.same(await lines(), ['counted 10 READY', 'ranks 1 READY']);
  t.match(await post('/v2/repository/models/ranks/unload'), {
    status: 200,
    body: { name: 'ranks', unload: true },
  });
  t.notOk(await ready('ranks'));
  t.match(await lines('{"ready":false}'), ['counted 10 READY', /^ranks 1 (UNLOADING|UNAVAILABLE unloaded)$/]);
  t.same(await lines('{"ready":true}'), ['counted 10 READY']);
  t.match(await post('/v2/repository/models/ranks/load', '{"parameters":{}}'), {
    status: 200,
    body: { name: 'ranks', load: true },
  });
  t.ok(await ready('ranks'));
  await cp(fixture('types'), join(models, 'types'), { recursive: true });
  t.match(await post('/v2/repository/models/types/load'), { status: 200 }, 'one that has just come');
  t.ok(await ready('types'));

  for (const [path, body, expected, error] of [
    ['ranks/load', '{"parameters":{"config":"{}"}}', 400, /parameter "config" is not taken/],
    ['ranks/load', '{"parameters":{"file:1/saved_model.pb":"AA=="}}', 400, /"file:1\/saved_model.pb"/],
    ['ranks/load', '{"parameters":[]}', 400, /parameters is to be an object/],
    ['ranks/unload', '[', 400, /not JSON/],
    ['nope/load', '', 404, /no model "nope"/],
    ['nope/unload', '', 404, /no model "nope"/],
  ] as const)
    t.match(
      await post(`/v2/repository/models/${path}`, body),
      { status: expected, body: { error } },
      path + body,
    );
  t.match(
    await post('/v2/repository/models/ranks/unload', '{"parameters":{"unload_dependents":true}}'),
    { status: 200 },
    'none depends on another',
  );

  const model_name = 'ranks';
  const loaded = await call('RepositoryModelLoad', encode(RepositoryModelLoadRequest, { model_name }));
  t.match(decode(RepositoryModelLoadResponse, loaded.response), { model_name, isLoaded: true });
  t.ok(await ready('ranks'));
  const kserves = encode(RepositoryModelUnloadRequest, { repository_name: model_name });
  const unloaded = await call('RepositoryModelUnload', kserves);
  t.match(decode(RepositoryModelUnloadResponse, unloaded.response), { model_name, isUnloaded: true });
  t.notOk(await ready('ranks'));
  const index = await call('RepositoryIndex', encode(RepositoryIndexRequest, { ready: true }));
  t.match(decode(RepositoryIndexResponse, index.response).models, [
    { name: 'counted', version: '10', state: 'READY' },
    { name: 'types', version: '1', state: 'READY' },
  ]);
  const parameters = new Map([['config', { string_param: '{}' }]]);
  for (const [request, code] of [
    [encode(RepositoryModelLoadRequest, { model_name, parameters }), 'INVALID_ARGUMENT'],
    [encode(RepositoryModelLoadRequest, { model_name: 'nope' }), 'NOT_FOUND'],
    [Buffer.of(0x0a), 'INTERNAL'],
  ] as const)
    t.equal((await call('RepositoryModelLoad', request)).code, code);
});

t.test('unless it is allowed, nobody may', async (t) => {
  const { call, post, ready } = await serve(t, {});
  t.match(await post('/v2/repository/models/ranks/unload'), {
    status: 403,
    body: { error: /ALLOW_MODEL_CONTROL/ },
  });
  const request = encode(RepositoryModelUnloadRequest, { model_name: 'ranks' });
  t.match(await call('RepositoryModelUnload', request), { code: 'PERMISSION_DENIED' });
  t.ok(await ready('ranks'));
});
