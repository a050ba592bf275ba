import { RequestError } from '../../errors.ts';
import type { UnaryMethod } from '../../grpc/call.ts';
import { NUMBER_OF, unreadable } from '../../grpc/status.ts';
import type { ModelConfigMessage, ModelServerConfigMessage } from '../../models/text-format.ts';
import { decode, encode } from '../../protobuf/codec.ts';
import {
  GetModelStatusRequest,
  GetModelStatusResponse,
  type ModelConfig,
  ModelService,
  ReloadConfigRequest,
  ReloadConfigResponse,
  type ServableVersionPolicy,
  VersionState,
} from '../../protobuf/definitions/tensorflow-serving.ts';
import type { Fields, Message, MessageType } from '../../protobuf/schema.ts';
import type { Deps } from '../deps.ts';
import { checkSpec, versionText } from './model-spec.ts';

export interface ModelServiceDeps extends Pick<Deps, 'models'> {
  /** Serves other models from now on; undefined where callers may not ask for that. */
  readonly reload: ((config: ModelServerConfigMessage) => Promise<void>) | undefined;
}

/** tensorflow.serving.ModelService: where models stand, and which are served. */
export function modelServiceMethods({ models, reload }: ModelServiceDeps): UnaryMethod[] {
  return [
    {
      path: `/${ModelService.name}/GetModelStatus`,
      handle: ({ message }) => {
        // A label is not looked at: all versions come, as TensorFlow Serving gives them.
        const { name, version } = checkSpec(read(GetModelStatusRequest, message).model_spec);
        const statuses = models.statusOf(name, versionText(version));
        return encode(GetModelStatusResponse, {
          model_version_status: statuses.map((status) => ({
            version: BigInt(status.version),
            state: VersionState.values[status.state],
            status: { error_code: NUMBER_OF[status.code], error_message: status.message },
          })),
        });
      },
    },
    {
      path: `/${ModelService.name}/HandleReloadConfigRequest`,
      handle: async ({ message }) => {
        if (reload === undefined) {
          throw new RequestError(
            'PERMISSION_DENIED',
            'this server takes no configuration from callers (ALLOW_RELOAD_CONFIG)',
          );
        }
        const { config, metric_names } = read(ReloadConfigRequest, message);
        const list = config?.model_config_list;
        await reload({
          model_config_list: list === undefined ? null : { config: list.config.map(configOf) },
        });
        return encode(ReloadConfigResponse, {
          status: {},
          metric: metric_names.map((name) => ({ name, int64_value_increase: 0n })),
        });
      },
    },
  ];
}

function read<F extends Fields>(type: MessageType<F>, message: Buffer): Message<MessageType<F>> {
  try {
    return decode(type, message);
  } catch (error) {
    throw unreadable(error);
  }
}

/** As it would be read of a file in the text format. */
function configOf(config: Message<typeof ModelConfig>): ModelConfigMessage {
  const { name, base_path, model_type, model_platform, model_version_policy, version_labels } = config;
  return {
    name,
    base_path,
    model_type: MODEL_TYPES[model_type] ?? 'OTHER',
    model_platform,
    model_version_policy: model_version_policy === undefined ? null : policyOf(model_version_policy),
    version_labels: Object.fromEntries([...version_labels].map(([label, to]) => [label, String(to)])),
  };
}

const MODEL_TYPES = ['MODEL_TYPE_UNSPECIFIED', 'TENSORFLOW', 'OTHER'] as const;

function policyOf({ latest, all, specific }: Message<typeof ServableVersionPolicy>) {
  return {
    latest: latest ?? null,
    all: all ?? null,
    specific: specific === undefined ? null : { versions: specific.versions.map(String) },
  };
}
