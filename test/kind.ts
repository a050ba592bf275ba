// npm run test:kind -- up|test|down: a cluster in Docker by kind, with Knative Serving, and the cluster tests on it.
import { spawnSync } from 'node:child_process';
import { messageOf } from '../function/errors.ts';

const HELP = `Usage: npm run test:kind -- up|test|down [--dry-run]

  up    make a cluster, install Knative Serving, Kourier and metrics-server, build the images and load them
  test  npm run test:cluster on it
  down  remove it

  --dry-run  say the commands, run none

KIND_NODE_IMAGE is Kubernetes' version, as an image of kind's (kindest/node:v1.33.4); kind's own where it is not set.
Needs docker, kind and kubectl. The kubeconfig is .cache/kind-kubeconfig; yours is left alone.
`;

const NAME = 'celsiusify';
const NODE_IMAGE = process.env.KIND_NODE_IMAGE ?? '';
const KUBECONFIG = '.cache/kind-kubeconfig';
const INGRESS_PORT = 31080;
const KNATIVE = 'knative-v1.21.0';
const MANIFESTS = [
  `https://github.com/knative/serving/releases/download/${KNATIVE}/serving-crds.yaml`,
  `https://github.com/knative/serving/releases/download/${KNATIVE}/serving-core.yaml`,
  `https://github.com/knative-extensions/net-kourier/releases/download/${KNATIVE}/kourier.yaml`,
  'https://github.com/kubernetes-sigs/metrics-server/releases/download/v0.8.0/components.yaml',
];
/** Image → its Dockerfile and context. */
const IMAGES = {
  'kind.local/celsius:test': ['.'],
  'kind.local/celsius-locust:test': ['locust'],
  'kind.local/celsius-tf-serving:test': ['-f', 'tf-serving/Dockerfile', '.'],
};

interface Step {
  readonly argv: readonly string[];
  readonly stdin?: string;
}

const kubectl = (...args: string[]): Step => ({ argv: ['kubectl', '--kubeconfig', KUBECONFIG, ...args] });
const patch = (namespace: string, object: string, change: unknown, type = 'merge') =>
  kubectl('patch', '-n', namespace, object, `--type=${type}`, '-p', JSON.stringify(change));

/** Kourier is reached through a port of the node, which kind maps to this machine's loopback. */
const kindConfig = JSON.stringify({
  kind: 'Cluster',
  apiVersion: 'kind.x-k8s.io/v1alpha4',
  nodes: [
    {
      role: 'control-plane',
      extraPortMappings: [
        { containerPort: INGRESS_PORT, hostPort: INGRESS_PORT, listenAddress: '127.0.0.1' },
      ],
    },
  ],
});

const up: readonly Step[] = [
  {
    argv: [
      'kind',
      'create',
      'cluster',
      '--name',
      NAME,
      '--kubeconfig',
      KUBECONFIG,
      '--wait',
      '180s',
      '--config',
      '-',
      ...(NODE_IMAGE === '' ? [] : ['--image', NODE_IMAGE]),
    ],
    stdin: kindConfig,
  },
  ...MANIFESTS.map((url) => kubectl('apply', '-f', url)),
  patch('knative-serving', 'configmap/config-network', {
    data: { 'ingress-class': 'kourier.ingress.networking.knative.dev' },
  }),
  // Without these, Knative takes no model from a claim, nor one that an init container copies.
  patch('knative-serving', 'configmap/config-features', {
    data: {
      'kubernetes.podspec-persistent-volume-claim': 'enabled',
      'kubernetes.podspec-init-containers': 'enabled',
    },
  }),
  // Images that were loaded are in no registry where their tag could be looked up.
  patch('knative-serving', 'configmap/config-deployment', {
    data: { 'registries-skipping-tag-resolving': 'kind.local' },
  }),
  patch('kourier-system', 'service/kourier', {
    spec: {
      type: 'NodePort',
      ports: [{ name: 'http2', port: 80, targetPort: 8080, nodePort: INGRESS_PORT }],
    },
  }),
  // The kubelet of kind has a certificate of its own making.
  patch(
    'kube-system',
    'deployment/metrics-server',
    [{ op: 'add', path: '/spec/template/spec/containers/0/args/-', value: '--kubelet-insecure-tls' }],
    'json',
  ),
  ...Object.entries(IMAGES).flatMap(([image, source]) => [
    { argv: ['docker', 'build', '-t', image, ...source] },
    { argv: ['kind', 'load', 'docker-image', image, '--name', NAME] },
  ]),
  ...['knative-serving', 'kourier-system', 'kube-system'].map((namespace) =>
    kubectl('wait', '-n', namespace, 'deployment', '--all', '--for=condition=Available', '--timeout=300s'),
  ),
];

const [image = '', locust = '', tfServing = ''] = Object.keys(IMAGES);
const STEPS: Readonly<Record<string, readonly Step[]>> = {
  up,
  test: [
    {
      argv: [
        ...[
          'npm',
          'run',
          'test:cluster',
          '--',
          '--kubeconfig',
          KUBECONFIG,
          '--image',
          image,
          '--locust-image',
          locust,
        ],
        ...[
          '--tf-serving-image',
          tfServing,
          '--ingress',
          `http://127.0.0.1:${INGRESS_PORT}`,
          '--out',
          '.cache/cluster',
        ],
      ],
    },
  ],
  down: [{ argv: ['kind', 'delete', 'cluster', '--name', NAME, '--kubeconfig', KUBECONFIG] }],
};

function run(args: readonly string[]): number {
  const dryRun = args.includes('--dry-run');
  const [verb = '', ...rest] = args.filter((arg) => arg !== '--dry-run');
  const steps = STEPS[verb];
  if (verb === '--help' || steps === undefined || rest.length > 0) {
    (verb === '--help' ? process.stdout : process.stderr).write(HELP);
    return verb === '--help' ? 0 : 2;
  }
  for (const { argv, stdin } of steps) {
    process.stdout.write(`$ ${argv.join(' ')}\n`);
    if (dryRun) continue;
    const [program = '', ...options] = argv;
    const { status, error } = spawnSync(program, options, {
      input: stdin,
      stdio: [stdin === undefined ? 'inherit' : 'pipe', 'inherit', 'inherit'],
    });
    if (status !== 0)
      throw new Error(error ? messageOf(error) : `${program} ${options[0]} ended with ${status}`);
  }
  return 0;
}

try {
  process.exitCode = run(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`kind: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
