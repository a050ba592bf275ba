import { join } from 'node:path';
import t from 'tap';
import { TestFolder } from '../testing/models.ts';
import { translateCommandLine } from './tf-serving-files.ts';

const METRICS = 'metrics are at /metrics, not at /m; tell Prometheus so';

const SSL = String.raw`server_key: "-----BEGIN K-----\nx\n" server_cert: "-----BEGIN C-----\nx\n"`;

t.test('files that flags name', async (t) => {
  const folder = await TestFolder.make(t);
  for (const { flag, text, argv = [], notices = [] } of [
    { flag: 'batching_parameters_file', text: '', argv: ['--max-batch-rows=1000'] },
    {
      flag: 'batching_parameters_file',
      text: 'max_batch_size { value: 8 } max_enqueued_batches { value: 4 } allowed_batch_sizes: [4, 2, 8]',
      argv: ['--max-batch-rows=8', '--max-queue-rows=32', '--allowed-batch-sizes=2,4,8'],
    },
    {
      flag: 'batching_parameters_file',
      text: 'batch_timeout_micros { value: 0 } num_batch_threads { value: 4 } pad_variable_length_inputs: true',
      argv: ['--max-batch-rows=1000', '--batch-timeout-micros=0'],
      notices: [/^num_batch_threads /, /^pad_variable_length_inputs /],
    },
    { flag: 'monitoring_config_file', text: '' },
    { flag: 'monitoring_config_file', text: 'prometheus_config { enable: true path: "/metrics" }' },
    {
      flag: 'monitoring_config_file',
      text: 'prometheus_config { enable: true path: "/m" }',
      notices: [METRICS],
    },
    {
      flag: 'ssl_config_file',
      text: SSL,
      argv: [
        '--tls-cert-file=-----BEGIN C-----\nx',
        '--tls-key-file=-----BEGIN K-----\nx',
        '--tls-ports=grpc',
      ],
    },
    {
      flag: 'ssl_config_file',
      text: `${SSL} client_verify: true custom_ca: "-----BEGIN A-----"`,
      argv: [
        '--tls-cert-file=-----BEGIN C-----\nx',
        '--tls-key-file=-----BEGIN K-----\nx',
        '--tls-client-ca-file=-----BEGIN A-----',
        '--tls-ports=grpc',
      ],
    },
    {
      flag: 'ssl_config_file',
      text: `${SSL} custom_ca: "-----BEGIN A-----"`,
      argv: [
        '--tls-cert-file=-----BEGIN C-----\nx',
        '--tls-key-file=-----BEGIN K-----\nx',
        '--tls-ports=grpc',
      ],
      notices: ['custom_ca has no effect without client_verify'],
    },
  ]) {
    await folder.write('file', text);
    const translated = await translateCommandLine([
      `--${flag}=${join(folder.path, 'file')}`,
      '--log-level=warn',
    ]);
    t.same(translated.argv, [...argv, '--log-level=warn'], text);
    t.match(translated.notices, notices, text);
    t.equal(translated.notices.length, notices.length, text);
  }
});

t.test('files with a fault', async (t) => {
  const folder = await TestFolder.make(t);
  for (const { flag = 'batching_parameters_file', text, message } of [
    { text: 'max_batch_size: 8', message: /file: no BatchingParameters in protobuf's text format/ },
    {
      text: 'max_batch_size { value: 8 } allowed_batch_sizes: 4',
      message: /its last, 4, is not max_batch_size, 8$/,
    },
    { text: 'max_batch_size { value: 0 }', message: /max_batch_size: give 1 or more$/ },
    {
      flag: 'ssl_config_file',
      text: 'server_key: "/tls/key"',
      message: /server_key is to be the PEM itself$/,
    },
    { flag: 'ssl_config_file', text: `${SSL} client_verify: true`, message: /custom_ca/ },
  ]) {
    await folder.write('file', text);
    const argv = [`--${flag}=${join(folder.path, 'file')}`];
    await t.rejects(translateCommandLine(argv), { exitCode: 2, message }, text);
  }
  await t.rejects(translateCommandLine(['--batching_parameters_file=/absent']), {
    exitCode: 2,
    message: /ENOENT/,
  });
});
