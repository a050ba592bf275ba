/** Label of all that one run of the tests makes; main.ts removes by it. */
export const RUN_LABEL = 'celsiusify.test/run';

/** What the cluster tests are told; main.ts reads it from the command line and hands it on as variables. */
export interface Settings {
  readonly image: string;
  readonly locustImage: string;
  /** Any image that answers GET / on $PORT with 200: the floor of a cold start. */
  readonly helloImage: string;
  /** Image of TensorFlow Serving with the model; empty: only its dry run. */
  readonly tfServingImage: string;
  /** rclone: it copies a model from S3, and is the S3 that it copies from. */
  readonly fetchImage: string;
  /** Of Knative; empty: the Service's own URL. */
  readonly ingress: string;
  readonly helm: string;
  /** Folder for the CSV files. */
  readonly out: string;
  readonly kubeconfig: string;
  readonly context: string;
  /** Names all namespaces of one run. */
  readonly run: string;
}

interface Option {
  readonly env: string;
  readonly default: string;
  readonly value: string;
  readonly help: string;
}

export const options: Readonly<Record<keyof Omit<Settings, 'run'>, Option>> = {
  image: {
    env: 'CLUSTER_IMAGE',
    default: 'celsius:test',
    value: 'IMAGE',
    help: 'of ./Dockerfile, in the cluster',
  },
  locustImage: {
    env: 'CLUSTER_LOCUST_IMAGE',
    default: 'celsius-locust:test',
    value: 'IMAGE',
    help: 'of locust/Dockerfile',
  },
  helloImage: {
    env: 'CLUSTER_HELLO_IMAGE',
    default: 'ghcr.io/knative/helloworld-go:latest',
    value: 'IMAGE',
    help: 'answers GET / on $PORT: the floor of a cold start',
  },
  tfServingImage: {
    env: 'CLUSTER_TF_SERVING_IMAGE',
    default: '',
    value: 'IMAGE',
    help: 'of tf-serving/Dockerfile; none: its values get a dry run only',
  },
  fetchImage: {
    env: 'CLUSTER_FETCH_IMAGE',
    default: 'rclone/rclone:1.71',
    value: 'IMAGE',
    help: 'rclone, for models from S3',
  },
  ingress: {
    env: 'CLUSTER_INGRESS',
    default: '',
    value: 'URL',
    help: "Knative's ingress; none: by the Service's own URL",
  },
  helm: { env: 'HELM', default: 'helm', value: 'COMMAND', help: 'Helm 3' },
  out: {
    env: 'CLUSTER_OUT_DIR',
    default: '.cache/cluster-results',
    value: 'FOLDER',
    help: 'where the CSV files go',
  },
  kubeconfig: { env: 'CLUSTER_KUBECONFIG', default: '', value: 'FILE', help: 'default: as kubectl' },
  context: {
    env: 'CLUSTER_CONTEXT',
    default: '',
    value: 'NAME',
    help: "default: the kubeconfig's current one",
  },
};

/** The settings that main.ts has put into the environment, or the defaults. */
export function settings(env: Readonly<Record<string, string | undefined>>): Settings {
  const of = (name: keyof typeof options) => env[options[name].env] || options[name].default;
  return {
    image: of('image'),
    locustImage: of('locustImage'),
    helloImage: of('helloImage'),
    tfServingImage: of('tfServingImage'),
    fetchImage: of('fetchImage'),
    ingress: of('ingress'),
    helm: of('helm'),
    out: of('out'),
    kubeconfig: of('kubeconfig'),
    context: of('context'),
    run: env.CLUSTER_RUN || 'manual',
  };
}

/** `registry:5000/name:tag` in the two parts that a chart wants. */
export function imageParts(image: string): { repository: string; tag: string } {
  const at = image.lastIndexOf(':');
  return at > image.lastIndexOf('/')
    ? { repository: image.slice(0, at), tag: image.slice(at + 1) }
    : { repository: image, tag: 'latest' };
}
