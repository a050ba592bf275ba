/** Renders the chart of KServe's runtime, and looks at the objects; what KServe makes of them is in test/cluster. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type KubernetesObject, loadAllYaml } from '@kubernetes/client-node';
import t from 'tap';
import { parseCommand } from '../function/process/command-line.ts';

const helm = process.env.HELM || 'helm';
const exec = promisify(execFile);
const CHART = fileURLToPath(new URL('kserve', import.meta.url));

async function render(...pairs: string[]): Promise<KubernetesObject[]> {
  const sets = pairs.flatMap((pair) => ['--set', pair]);
  const { stdout } = await exec(helm, ['template', 'release', CHART, '--kube-version', '1.34', ...sets]);
  return loadAllYaml(stdout);
}

t.test('a runtime that speaks every protocol, with options that the server has', async (t) => {
  const [runtime, ...others] = await render();
  t.equal(others.length, 0);
  t.match(runtime, {
    kind: 'ClusterServingRuntime',
    metadata: { name: 'celsiusify' },
    spec: {
      protocolVersions: ['v1', 'v2', 'grpc-v1', 'grpc-v2'],
      supportedModelFormats: [
        { name: 'tensorflow', version: '1', autoSelect: false, priority: 3 },
        { name: 'tensorflow', version: '2' },
      ],
      containers: [{ name: 'kserve-container', image: 'celsius:0.1.0', ports: [{ name: 'http1' }] }],
    },
  });
  const args: string[] = JSON.parse(JSON.stringify(runtime)).spec.containers[0].args;
  const command = parseCommand(
    args.map((arg) => arg.replace('{{.Name}}', 'flowers')),
    {},
  );
  t.match(command, {
    run: 'serve',
    options: { modelName: 'flowers', modelBasePath: '/mnt/models', port: 8080 },
  });
});

t.test('what values change', async (t) => {
  const objects = await render(
    'clusterWide=false',
    'autoSelect=true',
    'h2c=true',
    'image.digest=sha256:'.padEnd(84, '0'),
    'inferenceService.enabled=true',
    'inferenceService.storageUri=pvc://models/flowers',
    'inferenceService.deploymentMode=Standard',
    'inferenceService.protocolVersion=grpc-v2',
  );
  t.match(
    objects.find(({ kind }) => kind === 'ServingRuntime'),
    {
      spec: {
        supportedModelFormats: [{ autoSelect: true }, { autoSelect: true }],
        containers: [{ image: /^celsius@sha256:0{64}$/, ports: [{ name: 'h2c', containerPort: 8080 }] }],
      },
    },
  );
  t.match(
    objects.find(({ kind }) => kind === 'InferenceService'),
    {
      metadata: { annotations: { 'serving.kserve.io/deploymentMode': 'Standard' } },
      spec: {
        predictor: {
          model: {
            runtime: 'celsiusify',
            storageUri: 'pvc://models/flowers',
            protocolVersion: 'grpc-v2',
            args: undefined,
          },
        },
      },
    },
  );
});

t.test('values that are refused', async (t) => {
  const rows: readonly [string, RegExp][] = [
    ['clusterwide=true', /clusterwide/],
    ['priority=0', /priority/],
    ['image.repository=', /repository/],
    ['image.digest=1', /digest/],
    ['inferenceService.protocolVersion=v3', /protocolVersion/],
    ['inferenceService.storageUri=flowers', /storageUri/],
    ['resources.request.cpu=1', /request/],
  ];
  for (const [pair, message] of rows) await t.rejects(render(pair), { message }, pair);
  const stored = ['inferenceService.enabled=true', 'inferenceService.storageUri=pvc://models/flowers'];
  await t.rejects(render('inferenceService.enabled=true'), { message: /storageUri is missing/ });
  const scaled = render(...stored, 'inferenceService.minReplicas=4', 'inferenceService.maxReplicas=3');
  await t.rejects(scaled, { message: /minReplicas is more than maxReplicas/ });
});
