import { FatalError } from '../errors.ts';

/** What becomes of a flag: flags of ours, a file to be read, nothing as there is nothing to do, a word to the log, a refusal. */
export type Outcome =
  | ConfigFile
  | { readonly flags: readonly (readonly [name: string, value: string])[] }
  | 'nothing to do'
  | { readonly ignored: string }
  | { readonly refused: string };

interface TheirFlag {
  /** A boolean may stand without a value. */
  readonly type: 'text' | 'boolean';
  readonly becomes: (value: string) => Outcome;
}

const text = (becomes: TheirFlag['becomes']): TheirFlag => ({ type: 'text', becomes });
const boolean = (becomes: TheirFlag['becomes']): TheirFlag => ({ type: 'boolean', becomes });

/** The same by another name. */
const as = (name: string, change = (value: string) => value) =>
  text((value) => ({ flags: [[name, change(value)]] }));
const asBoolean = (name: string) => boolean((value) => ({ flags: [[name, value]] }));
/** For what is so here in any case, or costs nothing here. */
const always = (type: TheirFlag['type'] = 'text'): TheirFlag => ({ type, becomes: () => 'nothing to do' });
const ignored = (why: string, type: TheirFlag['type'] = 'text'): TheirFlag => ({
  type,
  becomes: () => ({ ignored: why }),
});
/** For a file that would say something, and nothing where no file is named. */
const noFile = (why: string) => text((value) => (value === '' ? 'nothing to do' : { refused: why }));
/** For what can be left off, but not switched on. */
const off = (why: string) => boolean((value) => (value === 'true' ? { refused: why } : 'nothing to do'));
/** Interval and polls: theirs can be negative, which is for tests. */
const seconds = (name: string) =>
  text((value) =>
    value.startsWith('-')
      ? { refused: 'a negative interval is for tests; 0 looks once' }
      : { flags: [[name, value]] },
  );
/** Theirs is 0 for "chosen by the number of cores", which is what is done here where nothing is said. */
const threads = (...names: string[]) =>
  text((value) => (value === '0' ? 'nothing to do' : { flags: names.map((name) => [name, value]) }));

/** The flags of tensorflow_model_server 2.17.1, and two that came later. */
const THEIR_FLAGS: Readonly<Record<string, TheirFlag>> = {
  port: as('grpc-port'),
  rest_api_port: text((value) =>
    value === '0'
      ? { ignored: 'HTTP is always served, for probes too; it is on PORT' }
      : { flags: [['port', value]] },
  ),
  model_name: as('model-name'),
  model_base_path: as('model-base-path'),
  model_config_file: as('model-config-file'),
  model_config_file_poll_wait_seconds: seconds('model-config-file-poll-wait-seconds'),
  file_system_poll_wait_seconds: seconds('file-system-poll-wait-seconds'),
  max_num_load_retries: as('max-num-load-retries'),
  load_retry_interval_micros: as('load-retry-interval-ms', (value) =>
    value.startsWith('-') ? '0' : /^\d+$/.test(value) ? String(Math.round(Number(value) / 1000)) : value,
  ),
  num_load_threads: as('num-load-threads', (value) => (value === '0' ? '1' : value)),
  num_unload_threads: always(),
  allow_version_labels_for_unavailable_models: always('boolean'), // a label waits for its version
  flush_filesystem_caches: always('boolean'),
  enable_batching: asBoolean('batching'),
  batching_parameters_file: text((value) =>
    value === '' ? 'nothing to do' : { file: value, of: 'BatchingParameters' },
  ),
  enable_per_model_batching_parameters: off('batching is the same for all models here'),
  tensorflow_session_parallelism: threads('intra-op-threads', 'inter-op-threads'),
  tensorflow_intra_op_parallelism: threads('intra-op-threads'),
  tensorflow_inter_op_parallelism: threads('inter-op-threads'),
  tensorflow_session_config_file: noFile('give INTRA_OP_THREADS, INTER_OP_THREADS instead of a file'),
  thread_pool_factory_config_file: noFile('there is one thread pool here'),
  platform_config_file: noFile('there is one platform here: tensorflow'),
  saved_model_tags: text((value) =>
    value === '' || value === 'serve'
      ? 'nothing to do'
      : { refused: 'the tag "serve" is read, and no other' },
  ),
  enable_model_warmup: asBoolean('enable-model-warmup'),
  num_request_iterations_for_warmup: as('num-request-iterations-for-warmup'),
  rest_api_num_threads: ignored('requests are not a thread each here'),
  rest_api_timeout_in_ms: as('request-deadline-ms'),
  rest_api_enable_cors_support: boolean((value) =>
    value === 'false' ? 'nothing to do' : { flags: [['cors-origins', '*']] },
  ),
  grpc_max_threads: ignored('calls are not a thread each here'),
  grpc_channel_arguments: noFile('there is no such option here'),
  grpc_socket_path: noFile('only TCP ports are listened to'),
  enable_grpc_healthcheck_service: always('boolean'),
  use_alts_credentials: off('leave encryption to a proxy or a service mesh in front'),
  ssl_config_file: text((value) => (value === '' ? 'nothing to do' : { file: value, of: 'SSLConfig' })),
  monitoring_config_file: text((value) =>
    value === '' ? 'nothing to do' : { file: value, of: 'MonitoringConfig' },
  ),
  mixed_precision: text((value) =>
    value === '' ? 'nothing to do' : { flags: [['mixed-precision', value]] },
  ),
  prefer_tflite_model: off('TensorFlow Lite models are not served'),
  num_tflite_pools: always(),
  num_tflite_interpreters_per_pool: always(),
  xla_cpu_compilation_enabled: off('XLA is not part of this build'),
  xla_gpu_compilation_enabled: off('XLA is not part of this build'),
  per_process_gpu_memory_fraction: ignored('this build uses CPUs only'),
  skip_initialize_tpu: always('boolean'),
  enable_signature_method_name_check: off('the method name of a signature is not checked'),
  remove_unused_fields_from_bundle_metagraph: always('boolean'),
  enable_profiler: always('boolean'),
  enable_serialization_as_tensor_content: always('boolean'),
};

/** Names that mean something else here: theirs only in a command line that has others of theirs. */
const AMBIGUOUS: ReadonlySet<string> = new Set(['port']);

/** Each flag of theirs, and what becomes of it where it is not left at its default. */
export function theirFlags(value: string): (readonly [name: string, outcome: Outcome])[] {
  return Object.entries(THEIR_FLAGS).map(([name, { type, becomes }]) => [
    name,
    becomes(type === 'boolean' ? 'true' : value),
  ]);
}

/** A file in protobuf's text format that a flag names. */
export interface ConfigFile {
  readonly file: string;
  readonly of: 'BatchingParameters' | 'MonitoringConfig' | 'SSLConfig';
}

export interface Translated {
  readonly files: readonly ConfigFile[];
  /** Flags of ours. */
  readonly argv: readonly string[];
  /** What was ignored, and why. */
  readonly notices: readonly string[];
}

/**
 * Reads a command line of tensorflow_model_server as one of ours. Flags of ours among it stay as they are; a command
 * line without one of theirs stays whole.
 *
 * @throws FatalError with exit code 2 for a flag that asks for what is not there
 */
export function translateFlags(argv: readonly string[]): Translated {
  if (!argv.some((arg) => isTheirs(nameOf(arg)))) return { argv, notices: [], files: [] };
  const translated: string[] = [];
  const notices: string[] = [];
  const files: ConfigFile[] = [];
  const left = [...argv];
  for (let arg = left.shift(); arg !== undefined; arg = left.shift()) {
    const name = nameOf(arg);
    const flag = name !== undefined && Object.hasOwn(THEIR_FLAGS, name) ? THEIR_FLAGS[name] : undefined;
    if (flag === undefined) {
      translated.push(arg);
      continue;
    }
    const outcome = flag.becomes(givenValue(arg, flag, left));
    if (outcome === 'nothing to do') continue;
    if ('refused' in outcome) throw new FatalError(`--${name}: ${outcome.refused}`, 2);
    if ('file' in outcome) files.push(outcome);
    else if ('ignored' in outcome) notices.push(`--${name} has no effect: ${outcome.ignored}`);
    else translated.push(...outcome.flags.map(([ours, value]) => `--${ours}=${value}`));
  }
  return { argv: translated, notices, files };
}

const nameOf = (arg: string): string | undefined => /^--([a-z]\w*)(?:=|$)/.exec(arg)?.[1];

const isTheirs = (name = ''): boolean => Object.hasOwn(THEIR_FLAGS, name) && !AMBIGUOUS.has(name);

/** `--flag=value`, or the next argument; a boolean alone is true. */
function givenValue(arg: string, { type }: TheirFlag, left: string[]): string {
  const at = arg.indexOf('=');
  if (type === 'text') {
    const value = at < 0 ? left.shift() : arg.slice(at + 1);
    if (value === undefined) throw new FatalError(`${arg}: its value is missing`, 2);
    return value;
  }
  const value = at < 0 ? 'true' : arg.slice(at + 1).toLowerCase();
  if (value === 'true' || value === '1') return 'true';
  if (value === 'false' || value === '0') return 'false';
  throw new FatalError(`${arg}: give true or false`, 2);
}
