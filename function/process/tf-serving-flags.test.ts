import t from 'tap';
import { parseCommand } from './command-line.ts';
import { translateFlags } from './tf-serving-flags.ts';

t.test('command lines', async (t) => {
  for (const { theirs, becomes } of [
    { theirs: '', becomes: [] },
    { theirs: '--port=8080', becomes: ['--port=8080'] },
    { theirs: '--port 8080 --log-level=warn', becomes: ['--port', '8080', '--log-level=warn'] },
    { theirs: '--help', becomes: ['--help'] },
    { theirs: '--rest_api_port=8501', becomes: ['--port=8501'] },
    { theirs: '--rest_api_port 8501 --version', becomes: ['--port=8501', '--version'] },
    {
      theirs: '--port=8500 --rest_api_port=8501 --model_name=m --model_base_path=/models/m',
      becomes: ['--grpc-port=8500', '--port=8501', '--model-name=m', '--model-base-path=/models/m'],
    },
    {
      theirs: '--model_config_file=/c --model_config_file_poll_wait_seconds=60',
      becomes: ['--model-config-file=/c', '--model-config-file-poll-wait-seconds=60'],
    },
    { theirs: '--file_system_poll_wait_seconds=0', becomes: ['--file-system-poll-wait-seconds=0'] },
    { theirs: '--load_retry_interval_micros=60000000', becomes: ['--load-retry-interval-ms=60000'] },
    { theirs: '--load_retry_interval_micros=-1', becomes: ['--load-retry-interval-ms=0'] },
    { theirs: '--num_load_threads=0', becomes: ['--num-load-threads=1'] },
    { theirs: '--enable_batching', becomes: ['--batching=true'] },
    { theirs: '--enable_batching=0', becomes: ['--batching=false'] },
    { theirs: '--enable_batching=True --log-level=warn', becomes: ['--batching=true', '--log-level=warn'] },
    {
      theirs: '--tensorflow_session_parallelism=4',
      becomes: ['--intra-op-threads=4', '--inter-op-threads=4'],
    },
    { theirs: '--tensorflow_intra_op_parallelism=0', becomes: [] },
    { theirs: '--saved_model_tags=serve --ssl_config_file= --use_alts_credentials=false', becomes: [] },
    { theirs: '--allow_version_labels_for_unavailable_models=true --enable_profiler=true', becomes: [] },
    { theirs: '--mixed_precision=', becomes: [] },
    { theirs: '--mixed_precision=bfloat16', becomes: ['--mixed-precision=bfloat16'] },
    { theirs: '--rest_api_timeout_in_ms=300', becomes: ['--request-deadline-ms=300'] },
    { theirs: '--rest_api_enable_cors_support', becomes: ['--cors-origins=*'] },
    { theirs: '--rest_api_enable_cors_support=false', becomes: [] },
    {
      theirs: '--enable_model_warmup=false --num_request_iterations_for_warmup=3',
      becomes: ['--enable-model-warmup=false', '--num-request-iterations-for-warmup=3'],
    },
    { theirs: '--no_such_flag=1', becomes: ['--no_such_flag=1'] },
  ]) {
    t.same(translateFlags(theirs.split(' ').filter(Boolean)).argv, becomes, theirs);
  }
});

t.test('what has no effect is said', async (t) => {
  for (const flag of [
    '--grpc_max_threads=64',
    '--rest_api_num_threads=8',
    '--per_process_gpu_memory_fraction=0.5',
    '--rest_api_port=0',
  ]) {
    const { argv, notices } = translateFlags([flag]);
    t.same(argv, [], flag);
    t.match(notices, [new RegExp(`^${flag.split('=')[0]} has no effect: `)], flag);
  }
});

t.test('what is not there is refused', async (t) => {
  for (const { flag, message } of [
    { flag: '--use_alts_credentials', message: /proxy/ },
    { flag: '--grpc_socket_path=/s', message: /TCP/ },
    { flag: '--platform_config_file=/p', message: /tensorflow/ },
    { flag: '--saved_model_tags=serve,tpu', message: /"serve"/ },
    { flag: '--prefer_tflite_model=true', message: /Lite/ },
    { flag: '--xla_cpu_compilation_enabled', message: /XLA/ },
    { flag: '--file_system_poll_wait_seconds=-1', message: /negative/ },
    { flag: '--enable_batching=maybe', message: '--enable_batching=maybe: give true or false' },
    { flag: '--model_name', message: '--model_name: its value is missing' },
  ]) {
    t.throws(() => translateFlags([flag]), { exitCode: 2, message }, flag);
  }
});

t.test('each translation is a command line of ours', async (t) => {
  const all =
    '--rest_api_port=8501 --model_name=m --model_base_path=/m --model_config_file=/c --max_num_load_retries=0 ' +
    '--model_config_file_poll_wait_seconds=1 --file_system_poll_wait_seconds=1 --load_retry_interval_micros=0 ' +
    '--num_load_threads=4 --enable_batching=true --tensorflow_session_parallelism=2';
  t.match(parseCommand(translateFlags(all.split(' ')).argv, {}), {
    run: 'serve',
    options: { port: 8501, modelName: 'm', maxNumLoadRetries: 0, batching: 'true', interOpThreads: 2 },
  });
});
