import { parseArgs } from 'node:util';
import { FatalError } from '../errors.ts';

/** One option: a flag, an environment variable, a default, a check and a line of help, all in one place. */
interface Option<T> {
  readonly env: string;
  readonly default: string;
  /** What a value may be, for --help and for the message about a bad one. */
  readonly allowed: string;
  readonly help: string;
  /** The same as `allowed` in JSON Schema, for the chart's values. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** The checked value; undefined where the text is not allowed. */
  readonly parse: (text: string) => T | undefined;
}

function integer(env: string, fallback: number, min: number, max: number, help: string): Option<number> {
  return {
    env,
    default: String(fallback),
    allowed: `a whole number from ${min} to ${max}`,
    help,
    schema: { type: 'integer', minimum: min, maximum: max },
    parse: (text) => {
      const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return value >= min && value <= max ? value : undefined;
    },
  };
}

function text(env: string, fallback: string, pattern: RegExp, allowed: string, help: string): Option<string> {
  return {
    env,
    default: fallback,
    allowed,
    help,
    schema: { type: 'string', pattern: pattern.source },
    parse: (value) => (pattern.test(value) ? value : undefined),
  };
}

function choice<T extends string>(env: string, fallback: T, values: readonly T[], help: string): Option<T> {
  return {
    env,
    default: fallback,
    allowed: `one of ${values.join(', ')}`,
    help,
    schema: { enum: values },
    parse: (value) => values.find((v) => v === value),
  };
}

/** Whole numbers, ascending, with commas between them; none at all for any. */
function sizes(env: string, help: string): Option<readonly number[]> {
  return {
    env,
    default: '',
    allowed: 'ascending whole numbers from 1 to 1000000 with commas between them',
    help,
    schema: { type: 'string', pattern: '^(\\d+(,\\d+)*)?$' },
    parse: (text) => {
      const values =
        text === '' ? [] : text.split(',').map((size) => (/^\d{1,7}$/.test(size) ? Number(size) : 0));
      const ascending = values.every((value, i) => value > (values[i - 1] ?? 0) && value <= 1e6);
      return ascending ? values : undefined;
    },
  };
}

/** Origins of pages, in lower case, with commas between them. */
function origins(env: string, help: string): Option<readonly string[]> {
  return {
    env,
    default: '',
    allowed: 'origins such as https://app.example.com with commas between them, or *',
    help,
    schema: { type: 'string' },
    parse: (text) => {
      const values = text === '' ? [] : text.toLowerCase().split(/\s*,\s*/);
      return values.every((value) => /^(?:\*|[a-z][a-z\d+.-]*:\/\/[^\s/?#,*]+)$/.test(value))
        ? values
        : undefined;
    },
  };
}

/** Paths with commas between them; none at all is fine. */
function paths(env: string, help: string): Option<readonly string[]> {
  return {
    env,
    default: '',
    allowed: 'files or folders with commas between them',
    help,
    schema: { type: 'string' },
    parse: (text) => (text === '' ? [] : text.split(',')),
  };
}

function flag(env: string, fallback: boolean, help: string): Option<boolean> {
  const allowed = 'true or false';
  const parse = (value: string) => (value === 'true' ? true : value === 'false' ? false : undefined);
  return { env, default: String(fallback), allowed, help, schema: { type: 'boolean' }, parse };
}

const MINUTE = 60_000;
const DAY_SECONDS = 86_400;
const ANY = /^/;
const PEM = 'a file in PEM, or the PEM itself';

/** Every option of the server; sizes are bytes, times are milliseconds. */
export const OPTIONS = {
  host: text(
    'HOST',
    '::',
    /^[\w.:%-]+$/,
    'an address of this machine',
    'address to listen on (::: all of them, IPv4 alone where there is no IPv6)',
  ),
  port: integer('PORT', 8080, 0, 65535, 'port to listen on (0: any free one)'),
  grpcPort: integer('GRPC_PORT', 8500, 0, 65535, 'port of gRPC alone (0: none); PORT speaks it, too'),
  tlsCertFile: text('TLS_CERT_FILE', '', ANY, PEM, 'certificate, with those between it and its CA, for TLS'),
  tlsKeyFile: text('TLS_KEY_FILE', '', ANY, PEM, 'its private key'),
  tlsClientCaFile: text(
    'TLS_CLIENT_CA_FILE',
    '',
    ANY,
    PEM,
    'whose certificates clients must show (empty: none)',
  ),
  tlsPorts: choice(
    'TLS_PORTS',
    'all',
    ['all', 'http', 'grpc'],
    'which ports have TLS, where there is a certificate: PORT (http), GRPC_PORT (grpc), or both; METRICS_PORT has none',
  ),
  modelName: text(
    'MODEL_NAME',
    'celsius',
    /^[\w.-]{1,128}$/,
    'letters, digits, _ . -',
    'name in /v1/models/NAME',
  ),
  modelBasePath: text('MODEL_BASE_PATH', 'model/celsius', /./, 'a folder', 'folder of numbered SavedModels'),
  modelsDir: text('MODELS_DIR', '', ANY, 'a folder', 'folder of models: each sub-folder is one, by its name'),
  modelConfigFile: text(
    'MODEL_CONFIG_FILE',
    '',
    ANY,
    'a file',
    "models, version policies and labels as TensorFlow Serving's ModelServerConfig (text format)",
  ),
  modelConfigFilePollWaitSeconds: integer(
    'MODEL_CONFIG_FILE_POLL_WAIT_SECONDS',
    1,
    0,
    DAY_SECONDS,
    'how often MODEL_CONFIG_FILE is looked at, besides being watched (0: read once)',
  ),
  allowReloadConfig: flag(
    'ALLOW_RELOAD_CONFIG',
    true,
    "whether gRPC's HandleReloadConfigRequest may change which models are served",
  ),
  allowModelControl: flag(
    'ALLOW_MODEL_CONTROL',
    false,
    "whether V2's model repository API may load and unload the models that are configured, by REST and gRPC",
  ),
  fileSystemPollWaitSeconds: integer(
    'FILE_SYSTEM_POLL_WAIT_SECONDS',
    1,
    0,
    DAY_SECONDS,
    'how often folders are looked at for new versions, besides being watched (0: once)',
  ),
  maxNumLoadRetries: integer(
    'MAX_NUM_LOAD_RETRIES',
    5,
    0,
    1e6,
    'how often a version that cannot be loaded is tried again',
  ),
  loadRetryIntervalMs: integer(
    'LOAD_RETRY_INTERVAL_MS',
    MINUTE,
    0,
    60 * MINUTE,
    'time between two such tries',
  ),
  numLoadThreads: integer('NUM_LOAD_THREADS', 2, 1, 64, 'how many versions are loaded at once'),
  unloadFirst: flag(
    'UNLOAD_FIRST',
    false,
    'unload the old version before the new one is loaded: less memory, but a gap',
  ),
  readyWhen: choice(
    'READY_WHEN',
    'all',
    ['all', 'any'],
    'at the start, ready with a version of all models, or of any once each was tried',
  ),
  opLibraries: paths(
    'OP_LIBRARIES',
    'shared libraries of operations that TensorFlow lacks, such as those of tensorflow-text; or folders of them',
  ),
  enableModelWarmup: flag(
    'ENABLE_MODEL_WARMUP',
    true,
    'before a version is served, run the requests that came with it, and other signatures on zeros',
  ),
  numRequestIterationsForWarmup: integer(
    'NUM_REQUEST_ITERATIONS_FOR_WARMUP',
    1,
    1,
    1e6,
    'how often each recorded request is run',
  ),
  batching: choice(
    'BATCHING',
    'auto',
    ['auto', 'true', 'false'],
    'requests may share a model run; for row-wise models only (auto: on for celsius alone)',
  ),
  maxBatchRows: integer('MAX_BATCH_ROWS', 4096, 1, 1e6, 'most rows of several requests in one model run'),
  batchTimeoutMicros: integer(
    'BATCH_TIMEOUT_MICROS',
    0,
    0,
    60e6,
    'how long the first request waits for others to share its run while threads are idle; short runs never wait',
  ),
  allowedBatchSizes: sizes(
    'ALLOWED_BATCH_SIZES',
    'rows that runs on threads are filled up to, such as 2,4,8 (empty: any); what is added is cut off again',
  ),
  maxQueueRows: integer('MAX_QUEUE_ROWS', 65536, 1, 1e7, 'most rows in waiting; beyond, a request gets 503'),
  maxQueueBytes: integer(
    'MAX_QUEUE_BYTES',
    1 << 28,
    1,
    2 ** 40,
    'most bytes of tensors in waiting; beyond, a request gets 503',
  ),
  requestDeadlineMs: integer(
    'REQUEST_DEADLINE_MS',
    30_000,
    0,
    60 * MINUTE,
    'how long a request may take; beyond: 504 (0: any time). Callers may ask for less by x-request-timeout-ms',
  ),
  threads: integer(
    'THREADS',
    0,
    0,
    1024,
    'threads that run models, each run whole in one (0: as many as the CPUs that this container may use)',
  ),
  run: choice(
    'RUN',
    'auto',
    ['auto', 'loop', 'pool'],
    "where runs happen: short ones in the event loop's thread, others on THREADS (auto); or all in one place",
  ),
  freeze: flag(
    'FREEZE',
    true,
    'after the start, make variables that nothing assigns to constants: faster runs, for twice the memory meanwhile',
  ),
  mixedPrecision: choice(
    'MIXED_PRECISION',
    'off',
    ['off', 'bfloat16'],
    'bfloat16: faster products of matrices on CPUs that have it, with about three right digits',
  ),
  intraOpThreads: integer(
    'INTRA_OP_THREADS',
    1,
    0,
    1024,
    "TensorFlow's threads inside one operation (0: all cores)",
  ),
  interOpThreads: integer(
    'INTER_OP_THREADS',
    -1,
    -1,
    1024,
    'threads for operations side by side (-1: the caller)',
  ),
  bodyLimitBytes: integer(
    'BODY_LIMIT_BYTES',
    1 << 23,
    1,
    1 << 30,
    'largest body, also after gunzip; beyond: 413',
  ),
  bodiesLimitBytes: integer(
    'BODIES_LIMIT_BYTES',
    1 << 27,
    1,
    2 ** 40,
    'bodies of all requests under way together; beyond: 503',
  ),
  maxConnections: integer(
    'MAX_CONNECTIONS',
    16384,
    1,
    1e6,
    'most open connections; beyond, new ones are closed',
  ),
  corsOrigins: origins(
    'CORS_ORIGINS',
    'origins of pages that browsers let ask this server: https://app.example.com,… or * for all (empty: none)',
  ),
  headersTimeoutMs: integer(
    'HEADERS_TIMEOUT_MS',
    10_000,
    1,
    10 * MINUTE,
    'time for a request to send its headers',
  ),
  requestTimeoutMs: integer(
    'REQUEST_TIMEOUT_MS',
    30_000,
    1,
    10 * MINUTE,
    'time for a request to be sent in full',
  ),
  keepAliveTimeoutMs: integer(
    'KEEP_ALIVE_TIMEOUT_MS',
    75_000,
    1,
    60 * MINUTE,
    'how long an idle connection is kept; should be longer than load balancers do',
  ),
  drainDelayMs: integer(
    'DRAIN_DELAY_MS',
    5_000,
    0,
    10 * MINUTE,
    'after SIGTERM: go on answering this long, while the endpoint is taken out of rotation',
  ),
  drainTimeoutMs: integer(
    'DRAIN_TIMEOUT_MS',
    10_000,
    0,
    10 * MINUTE,
    'then: most time for requests under way',
  ),
  metricsPort: integer('METRICS_PORT', 0, 0, 65535, 'serve /metrics on a port of its own (0: on PORT)'),
  metricsToken: text(
    'METRICS_TOKEN',
    '',
    /^[\x21-\x7e]{0,256}$/,
    'printable ASCII',
    'bearer token that /metrics asks for',
  ),
  logLevel: choice(
    'LOG_LEVEL',
    'info',
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    'least level that is logged',
  ),
  logRequests: flag('LOG_REQUESTS', false, 'one log line a request'),
  revision: text('K_REVISION', '', ANY, 'any text', 'revision in logs and metrics (Knative sets it)'),
} as const;

export type Options = { [K in keyof typeof OPTIONS]: NonNullable<ReturnType<(typeof OPTIONS)[K]['parse']>> };

/** `MODEL_NAME` → `model-name`: the flag is the variable's name in kebab-case. */
export const flagOf = (option: { readonly env: string }): string =>
  option.env.toLowerCase().replaceAll('_', '-');

export type Command = { run: 'serve'; options: Options } | { run: 'help' } | { run: 'version' };

/**
 * Reads the command line and the environment; a flag wins over a variable, a variable over the default. An empty
 * variable counts as not set, since that is how charts and compose files leave one out.
 *
 * @throws FatalError with exit code 2 that names the bad flag or variable and what is allowed
 */
export function parseCommand(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Command {
  const flags = parseFlags(argv);
  if (flags.help !== undefined) return { run: 'help' };
  if (flags.version !== undefined) return { run: 'version' };
  const value = <T>(option: Option<T>): T => {
    const name = flagOf(option);
    const fromFlag = flags[name];
    const given = typeof fromFlag === 'string' ? fromFlag : env[option.env] || option.default;
    const parsed = option.parse(given);
    if (parsed !== undefined) return parsed;
    const source = typeof fromFlag === 'string' ? `--${name}` : option.env;
    throw new FatalError(`${source}: ${JSON.stringify(given)} is not ${option.allowed}`, 2);
  };
  const entries = Object.entries(OPTIONS).map(([key, option]) => [
    key,
    value<Options[keyof Options]>(option),
  ]);
  return { run: 'serve', options: Object.fromEntries(entries) as Options }; // keys and types are those of OPTIONS
}

function parseFlags(argv: readonly string[]): Record<string, string | boolean | undefined> {
  const options: Record<string, { type: 'string' | 'boolean'; short?: string }> = {
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean', short: 'v' },
  };
  for (const option of Object.values(OPTIONS)) options[flagOf(option)] = { type: 'string' };
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: false }).values as Record<
      string,
      string | boolean
    >;
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split(/[.\n] /)[0] ?? '') : String(error);
    throw new FatalError(`${reason}; see --help`, 2);
  }
}

/** The text of --help. */
export function helpText(): string {
  const rows = Object.values(OPTIONS).map((option: Option<unknown>) => [
    `--${flagOf(option)} VALUE`,
    option.env,
    `${option.help} [${option.default}]`,
  ]);
  // Of most: a name that is longer moves its own line alone.
  const width = (column: number) => [30, 22][column] ?? 0;
  const lines = rows.map(
    ([name = '', env = '', help = '']) => `  ${name.padEnd(width(0))}  ${env.padEnd(width(1))}  ${help}`,
  );
  return [
    'Serves a TensorFlow SavedModel over HTTP: POST /celsius, and the REST API of TensorFlow Serving.',
    '',
    'usage: node dist/main.js [--option VALUE …]; each option is an environment variable too',
    '',
    ...lines,
    `  ${'--help'.padEnd(width(0))}  ${''.padEnd(width(1))}  this text`,
    `  ${'--version'.padEnd(width(0))}  ${''.padEnd(width(1))}  the version`,
    '',
  ].join('\n');
}
