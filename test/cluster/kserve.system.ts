/**
 * The chart of helm/kserve under KServe's own controller, which makes a Deployment (Standard) or a Knative Service: an
 * InferenceService of a model in a volume claim (x + 1) becomes ready, and answers V1, V2 and V2 by gRPC at its one port,
 * whichever protocol it names. Wants KServe in the cluster, so it runs only where it is named.
 */
import t from 'tap';
import { encode } from '../../function/protobuf/codec.ts';
import { ModelInferRequest } from '../../function/protobuf/definitions/open-inference.ts';
import { startClient, startGrpcClient } from './clients.ts';
import { at, type Kit, set, setImage, startKit, timed, writeCsv } from './kit.ts';
import { folderClaim, modelConfigMap, runPod } from './own-models.ts';

const INFERENCE_SERVICES = {
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  plural: 'inferenceservices',
} as const;
const INFER = '/inference.GRPCInferenceService/ModelInfer';
const columns = ['mode', 'protocol', 'install_to_ready_ms'];

interface Row {
  readonly name: string;
  readonly protocol: 'v1' | 'v2' | 'grpc-v1' | 'grpc-v2';
  readonly mode: 'Standard' | 'Knative';
  readonly values: readonly string[];
}
const ROWS: readonly Row[] = [
  { name: 'wide', protocol: 'v1', mode: 'Standard', values: ['clusterWide=true'] },
  { name: 'two', protocol: 'v2', mode: 'Standard', values: ['clusterWide=false'] },
  { name: 'infer', protocol: 'grpc-v2', mode: 'Standard', values: ['clusterWide=false', 'h2c=true'] },
  { name: 'predict', protocol: 'grpc-v1', mode: 'Standard', values: ['clusterWide=false'] },
  { name: 'knative', protocol: 'v1', mode: 'Knative', values: ['clusterWide=false', 'h2c=true'] },
];

const float32 = (value: number) => Buffer.from(Float32Array.of(value).buffer);

function inferRequest(model: string): Buffer {
  const inputs = [{ name: 'x', datatype: 'FP32', shape: [1n] }];
  return Buffer.from(
    encode(ModelInferRequest, { model_name: model, inputs, raw_input_contents: [float32(40)] }),
  );
}

/** @returns how KServe has deployed it */
function untilReady(kit: Kit, name: string): Promise<unknown> {
  return kit.until(
    INFERENCE_SERVICES,
    (all) => {
      const conditions = [at(all.get(name), 'status.conditions')].flat();
      const isReady = conditions.some((c) => at(c, 'type') === 'Ready' && at(c, 'status') === 'True');
      return isReady ? at(all.get(name), 'status.deploymentMode') : undefined;
    },
    180,
  );
}

t.test('KServe', async (t) => {
  const kit = await startKit(t, 'kserve');
  const { namespace } = kit;
  const client = await startClient(kit);
  const grpc = await startGrpcClient(kit);
  await modelConfigMap(kit, 'plus', 'function/fixtures/versions/1');
  await folderClaim(t, kit, 'models');
  await runPod(kit, 'copy', {
    namespace,
    script: `const fs = require('fs'); fs.mkdirSync('/models/plus/1', { recursive: true });
      fs.copyFileSync('/plus/saved_model.pb', '/models/plus/1/saved_model.pb')`,
    volumes: [
      { name: 'plus', configMap: { name: 'plus' }, path: '/plus' },
      { name: 'models', persistentVolumeClaim: { claimName: 'models' }, path: '/models' },
    ],
  });

  const rows: { mode: string; protocol: string; install_to_ready_ms: number }[] = [];
  for (const { name, protocol, mode, values } of ROWS) {
    await t.test(`${name}, ${protocol}, ${mode}`, async (t) => {
      // Of the release's name: no other runtime of the cluster has it.
      const runtime = `${namespace}-${name}`;
      const example = [
        'inferenceService.enabled=true',
        `inferenceService.name=${name}`,
        `inferenceService.protocolVersion=${protocol}`,
        'inferenceService.storageUri=pvc://models/plus',
        `inferenceService.deploymentMode=${mode}`,
      ];
      const pairs = set(`name=${runtime}`, ...example, ...values);
      t.teardown(() => kit.helm('uninstall', runtime, '--ignore-not-found', '--wait'));
      const install_to_ready_ms = await timed(async () => {
        await kit.helm('install', runtime, 'helm/kserve', ...setImage(kit.settings.image), ...pairs);
        t.equal(await untilReady(kit, name), mode);
      });
      rows.push({ mode, protocol, install_to_ready_ms });
      writeCsv(kit, 'cluster-kserve.csv', columns, rows);

      const host = `${name}-predictor.${namespace}.svc`;
      const wait_s = 30;
      const v1 = await client.ask({
        url: `http://${host}/v1/models/${name}:predict`,
        body: { instances: [40] },
        wait_s,
      });
      t.match(v1, { status: 200 });
      t.equal(at(JSON.parse(v1.body), 'predictions.0'), 41);
      const inputs = [{ name: 'x', datatype: 'FP32', shape: [1], data: [40] }];
      const v2 = await client.ask({
        url: `http://${host}/v2/models/${name}/infer`,
        body: { inputs },
        wait_s,
      });
      t.match(v2, { status: 200 });
      t.equal(at(JSON.parse(v2.body), 'outputs.0.data.0'), 41);
      await grpc.start({
        address: `${host}:80`,
        connections: 1,
        rate_per_s: 10,
        path: INFER,
        request: inferRequest(name).toString('base64'),
        holds: float32(41).toString('base64'),
      });
      while ((await grpc.report()).sent < 10);
      const report = await grpc.stop();
      t.strictSame(report.complaints, []);
      t.ok(report.right >= 10, `${report.right} right by gRPC`);
    });
  }
});
