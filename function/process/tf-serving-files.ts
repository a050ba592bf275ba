import { readFile } from 'node:fs/promises';
import { FatalError, messageOf } from '../errors.ts';
import type { Messages } from '../models/text-format.ts';
import { type ConfigFile, type Translated, translateFlags } from './tf-serving-flags.ts';

type FlagsAndNotices = Pick<Translated, 'argv' | 'notices'>;

/**
 * Reads a command line that may be one of tensorflow_model_server, and the files that its flags name.
 *
 * @returns a command line of ours, and what of theirs has no effect
 * @throws FatalError with exit code 2 for what is not there, or a file with a fault
 */
export async function translateCommandLine(argv: readonly string[]): Promise<FlagsAndNotices> {
  const { files, ...flags } = translateFlags(argv);
  const read = await Promise.all(files.map(readConfig));
  return {
    argv: [...read.flatMap((one) => one.argv), ...flags.argv], // a flag that is given wins over a file
    notices: [...flags.notices, ...read.flatMap((one) => one.notices)],
  };
}

async function readConfig({ file, of }: ConfigFile): Promise<FlagsAndNotices> {
  try {
    const text = await readFile(file, 'utf8');
    const { readTextFormat } = await import('../models/text-format.ts'); // only who needs it pays for it
    switch (of) {
      case 'BatchingParameters':
        return batchingFlags(readTextFormat(of, text));
      case 'MonitoringConfig':
        return monitoringFlags(readTextFormat(of, text));
      case 'SSLConfig':
        return sslFlags(readTextFormat(of, text));
    }
  } catch (error) {
    throw new FatalError(`${file}: ${messageOf(error)}`, 2);
  }
}

const WITHOUT_EFFECT: readonly (readonly [name: keyof Messages['BatchingParameters'], why: string])[] = [
  ['num_batch_threads', 'THREADS run batches and all else'],
  ['thread_pool_name', 'there is one queue'],
  ['enable_large_batch_splitting', 'a request is run whole'],
  ['max_execution_batch_size', 'a request is run whole'],
  ['pad_variable_length_inputs', 'requests of other shapes are run apart'],
];

/** @throws Error where TensorFlow Serving would not start with these either */
export function batchingFlags(parameters: Messages['BatchingParameters']): FlagsAndNotices {
  const rows = Number(parameters.max_batch_size?.value ?? 1000);
  if (rows < 1) throw new Error('max_batch_size: give 1 or more');
  const last = parameters.allowed_batch_sizes.at(-1);
  if (last !== undefined && Number(last) !== rows)
    throw new Error(`allowed_batch_sizes: its last, ${last}, is not max_batch_size, ${rows}`);
  const argv = [`--max-batch-rows=${rows}`];
  const batches = parameters.max_enqueued_batches?.value;
  if (batches !== undefined) argv.push(`--max-queue-rows=${Math.max(Number(batches), 1) * rows}`);
  const ignored = WITHOUT_EFFECT.flatMap(([name, why]) =>
    parameters[name] ? [`${name} has no effect: ${why}`] : [],
  );
  if (last !== undefined) {
    const ascending = [...new Set(parameters.allowed_batch_sizes.map(Number))].sort((a, b) => a - b);
    argv.push(`--allowed-batch-sizes=${ascending}`);
  }
  const timeout = parameters.batch_timeout_micros?.value;
  if (timeout !== undefined) argv.push(`--batch-timeout-micros=${timeout}`);
  return { argv, notices: ignored };
}

const METRICS_PATH = '/metrics';

function monitoringFlags({ prometheus_config }: Messages['MonitoringConfig']): FlagsAndNotices {
  const path = prometheus_config?.path || '/monitoring/prometheus/metrics';
  const elsewhere = prometheus_config?.enable === true && path !== METRICS_PATH;
  return {
    argv: [],
    notices: elsewhere ? [`metrics are at ${METRICS_PATH}, not at ${path}; tell Prometheus so`] : [],
  };
}

/** Of the gRPC port alone, as there. @throws Error where no TLS comes of it */
function sslFlags({
  server_key,
  server_cert,
  custom_ca,
  client_verify,
}: Messages['SSLConfig']): FlagsAndNotices {
  for (const [name, pem] of Object.entries({ server_key, server_cert }))
    if (!pem.trim().startsWith('-----BEGIN')) throw new Error(`${name} is to be the PEM itself`);
  if (client_verify && custom_ca === '')
    throw new Error('client_verify: say in custom_ca whose certificates clients must show');
  const ca = client_verify ? [`--tls-client-ca-file=${custom_ca.trim()}`] : [];
  return {
    argv: [
      `--tls-cert-file=${server_cert.trim()}`,
      `--tls-key-file=${server_key.trim()}`,
      ...ca,
      '--tls-ports=grpc',
    ],
    notices: custom_ca !== '' && !client_verify ? ['custom_ca has no effect without client_verify'] : [],
  };
}
