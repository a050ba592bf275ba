import textformat from 'protobufjs/ext/textformat.js';
import protobuf from 'protobufjs/light.js';
import { invalidArgument, messageOf } from '../errors.ts';

const VERSION_LABELS: protobuf.IMapField = { id: 8, keyType: 'string', type: 'int64' };

/** Names, numbers and types of TensorFlow Serving 2.17.1's configuration messages. */
const ROOT = protobuf.Root.fromJSON({
  nested: {
    ModelServerConfig: {
      oneofs: { config: { oneof: ['model_config_list', 'custom_model_config'] } },
      fields: {
        model_config_list: { id: 1, type: 'ModelConfigList' },
        custom_model_config: { id: 2, type: 'google.protobuf.Any' },
      },
    },
    ModelConfigList: { fields: { config: { id: 1, rule: 'repeated', type: 'ModelConfig' } } },
    ModelConfig: {
      fields: {
        name: { id: 1, type: 'string' },
        base_path: { id: 2, type: 'string' },
        model_type: { id: 3, type: 'ModelType' },
        model_platform: { id: 4, type: 'string' },
        logging_config: { id: 6, type: 'LoggingConfig' },
        model_version_policy: { id: 7, type: 'VersionPolicy' },
        version_labels: VERSION_LABELS,
      },
    },
    ModelType: { values: { MODEL_TYPE_UNSPECIFIED: 0, TENSORFLOW: 1, OTHER: 2 } },
    VersionPolicy: {
      oneofs: { policy_choice: { oneof: ['latest', 'all', 'specific'] } },
      fields: {
        latest: { id: 100, type: 'Latest' },
        all: { id: 101, type: 'All' },
        specific: { id: 102, type: 'Specific' },
      },
      nested: {
        Latest: { fields: { num_versions: { id: 1, type: 'uint32' } } },
        All: { fields: {} },
        Specific: { fields: { versions: { id: 1, rule: 'repeated', type: 'int64' } } },
      },
    },
    LoggingConfig: {
      fields: {
        log_collector_config: { id: 1, type: 'LogCollectorConfig' },
        sampling_config: { id: 2, type: 'SamplingConfig' },
      },
    },
    LogCollectorConfig: {
      fields: { type: { id: 1, type: 'string' }, filename_prefix: { id: 2, type: 'string' } },
    },
    SamplingConfig: {
      fields: { sampling_rate: { id: 1, type: 'double' }, attributes: { id: 2, type: 'int32' } },
    },
    BatchingParameters: {
      fields: {
        max_batch_size: { id: 1, type: 'Int64Value' },
        batch_timeout_micros: { id: 2, type: 'Int64Value' },
        max_enqueued_batches: { id: 3, type: 'Int64Value' },
        num_batch_threads: { id: 4, type: 'Int64Value' },
        thread_pool_name: { id: 5, type: 'StringValue' },
        allowed_batch_sizes: { id: 6, rule: 'repeated', type: 'int64' },
        pad_variable_length_inputs: { id: 7, type: 'bool' },
        enable_large_batch_splitting: { id: 8, type: 'BoolValue' },
        max_execution_batch_size: { id: 9, type: 'Int64Value' },
      },
    },
    Int64Value: { fields: { value: { id: 1, type: 'int64' } } },
    StringValue: { fields: { value: { id: 1, type: 'string' } } },
    BoolValue: { fields: { value: { id: 1, type: 'bool' } } },
    MonitoringConfig: { fields: { prometheus_config: { id: 1, type: 'PrometheusConfig' } } },
    PrometheusConfig: { fields: { enable: { id: 1, type: 'bool' }, path: { id: 2, type: 'string' } } },
    SSLConfig: {
      fields: {
        server_key: { id: 1, type: 'string' },
        server_cert: { id: 2, type: 'string' },
        custom_ca: { id: 3, type: 'string' },
        client_verify: { id: 4, type: 'bool' },
      },
    },
    google: {
      nested: {
        protobuf: {
          nested: {
            Any: { fields: { type_url: { id: 1, type: 'string' }, value: { id: 2, type: 'bytes' } } },
          },
        },
      },
    },
  },
});

interface Wrapped<T> {
  readonly value: T;
}

/** The wire's own names. int64 is decimal text, absent messages are null or missing. */
export interface Messages {
  readonly ModelServerConfig: ModelServerConfigMessage;
  readonly BatchingParameters: {
    readonly max_batch_size?: Wrapped<string> | null;
    readonly batch_timeout_micros?: Wrapped<string> | null;
    readonly max_enqueued_batches?: Wrapped<string> | null;
    readonly num_batch_threads?: Wrapped<string> | null;
    readonly thread_pool_name?: Wrapped<string> | null;
    readonly allowed_batch_sizes: readonly string[];
    readonly pad_variable_length_inputs: boolean;
    readonly enable_large_batch_splitting?: Wrapped<boolean> | null;
    readonly max_execution_batch_size?: Wrapped<string> | null;
  };
  readonly MonitoringConfig: {
    readonly prometheus_config?: { readonly enable: boolean; readonly path: string } | null;
  };
  /** All in PEM, not as names of files. */
  readonly SSLConfig: {
    readonly server_key: string;
    readonly server_cert: string;
    readonly custom_ca: string;
    readonly client_verify: boolean;
  };
}

export interface ModelServerConfigMessage {
  readonly model_config_list?: { readonly config: readonly ModelConfigMessage[] } | null;
  readonly custom_model_config?: unknown;
}

export interface ModelConfigMessage {
  readonly name: string;
  readonly base_path: string;
  readonly model_type?: 'MODEL_TYPE_UNSPECIFIED' | 'TENSORFLOW' | 'OTHER';
  readonly model_platform: string;
  readonly model_version_policy?: {
    readonly latest?: { readonly num_versions: number } | null;
    readonly all?: object | null;
    readonly specific?: { readonly versions: readonly string[] } | null;
  } | null;
  readonly version_labels: Readonly<Record<string, string>>;
  readonly logging_config?: unknown;
}

/**
 * Reads a message in protobuf's text format.
 *
 * @throws RequestError INVALID_ARGUMENT that names the field or the line that is wrong
 */
export function readTextFormat<Name extends keyof Messages>(name: Name, text: string): Messages[Name] {
  const type = ROOT.lookupType(name);
  try {
    const message = textformat.fromText(type, text);
    const object = type.toObject(message, { longs: String, enums: String, defaults: true });
    return object as Messages[Name]; // names and types are those of ROOT, which the reader checked
  } catch (error) {
    throw invalidArgument(`no ${name} in protobuf's text format: ${messageOf(error).replace(/^\./, '')}`);
  }
}
