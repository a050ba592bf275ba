import type { FileSpec, ServiceSpec } from '../descriptor.ts';
import { EnumType, MessageType, many, map, one, oneOf, rawMany, rawMap, rawOne } from '../schema.ts';
import {
  ERROR_CODES_FILE,
  ErrorCode,
  EXAMPLE_FILE,
  Example,
  META_GRAPH_FILE,
  SignatureDef,
  TENSOR_FILE,
  TensorProto,
} from './tensorflow.ts';
import { ANY_FILE, Any, Int64Value, WRAPPERS_FILE } from './well-known.ts';

/** Which model, version and signature; of version and label the one that was sent last counts. */
export const ModelSpec = new MessageType('tensorflow.serving.ModelSpec', {
  name: one(1, 'string'),
  version: oneOf('version_choice', 2, Int64Value),
  version_label: oneOf('version_choice', 4, 'string'),
  signature_name: one(3, 'string'),
});

/** Without the fields for streams of answers and the client's own ID, which nothing here looks at. */
export const PredictRequest = new MessageType('tensorflow.serving.PredictRequest', {
  model_spec: one(1, ModelSpec),
  inputs: rawMap(2, TensorProto),
  output_filter: many(3, 'string'),
});

export const PredictResponse = new MessageType('tensorflow.serving.PredictResponse', {
  outputs: rawMap(1, TensorProto),
  model_spec: one(2, ModelSpec),
});

/** Examples stay as they were sent: models parse them themselves. */
export const ExampleList = new MessageType('tensorflow.serving.ExampleList', {
  examples: rawMany(1, Example),
});

/** The context has the features that an example lacks. */
export const ExampleListWithContext = new MessageType('tensorflow.serving.ExampleListWithContext', {
  examples: rawMany(1, Example),
  context: rawOne(2, Example),
});

export const Input = new MessageType('tensorflow.serving.Input', {
  example_list: oneOf('kind', 1, ExampleList),
  example_list_with_context: oneOf('kind', 2, ExampleListWithContext),
});

export const Class = new MessageType('tensorflow.serving.Class', {
  label: one(1, 'string'),
  score: one(2, 'float'),
});

export const Classifications = new MessageType('tensorflow.serving.Classifications', {
  classes: many(1, Class),
});

export const ClassificationResult = new MessageType('tensorflow.serving.ClassificationResult', {
  classifications: many(1, Classifications),
});

export const ClassificationRequest = new MessageType('tensorflow.serving.ClassificationRequest', {
  model_spec: one(1, ModelSpec),
  input: one(2, Input),
});

export const ClassificationResponse = new MessageType('tensorflow.serving.ClassificationResponse', {
  result: one(1, ClassificationResult),
  model_spec: one(2, ModelSpec),
});

export const Regression = new MessageType('tensorflow.serving.Regression', { value: one(1, 'float') });

export const RegressionResult = new MessageType('tensorflow.serving.RegressionResult', {
  regressions: many(1, Regression),
});

export const RegressionRequest = new MessageType('tensorflow.serving.RegressionRequest', {
  model_spec: one(1, ModelSpec),
  input: one(2, Input),
});

export const RegressionResponse = new MessageType('tensorflow.serving.RegressionResponse', {
  result: one(1, RegressionResult),
  model_spec: one(2, ModelSpec),
});

export const InferenceTask = new MessageType('tensorflow.serving.InferenceTask', {
  model_spec: one(1, ModelSpec),
  method_name: one(2, 'string'),
});

export const InferenceResult = new MessageType('tensorflow.serving.InferenceResult', {
  model_spec: one(1, ModelSpec),
  classification_result: oneOf('result', 2, ClassificationResult),
  regression_result: oneOf('result', 3, RegressionResult),
});

export const MultiInferenceRequest = new MessageType('tensorflow.serving.MultiInferenceRequest', {
  tasks: many(1, InferenceTask),
  input: one(2, Input),
});

export const MultiInferenceResponse = new MessageType('tensorflow.serving.MultiInferenceResponse', {
  results: many(1, InferenceResult),
});

/** Signatures by name, as a SavedModel has them. */
export const SignatureDefMap = new MessageType('tensorflow.serving.SignatureDefMap', {
  signature_def: rawMap(1, SignatureDef),
});

export const GetModelMetadataRequest = new MessageType('tensorflow.serving.GetModelMetadataRequest', {
  model_spec: one(1, ModelSpec),
  metadata_field: many(2, 'string'),
});

export const GetModelMetadataResponse = new MessageType('tensorflow.serving.GetModelMetadataResponse', {
  model_spec: one(1, ModelSpec),
  metadata: map(2, Any),
});

export const StatusProto = new MessageType('tensorflow.serving.StatusProto', {
  error_code: one(1, ErrorCode),
  error_message: one(2, 'string'),
});

export const VersionState = new EnumType('tensorflow.serving.ModelVersionStatus.State', {
  UNKNOWN: 0,
  START: 10,
  LOADING: 20,
  AVAILABLE: 30,
  UNLOADING: 40,
  END: 50,
});

export const ModelVersionStatus = new MessageType('tensorflow.serving.ModelVersionStatus', {
  version: one(1, 'int64'),
  state: one(2, VersionState),
  status: one(3, StatusProto),
});

export const GetModelStatusRequest = new MessageType('tensorflow.serving.GetModelStatusRequest', {
  model_spec: one(1, ModelSpec),
});

export const GetModelStatusResponse = new MessageType('tensorflow.serving.GetModelStatusResponse', {
  model_version_status: many(1, ModelVersionStatus),
});

const POLICY = 'tensorflow.serving.FileSystemStoragePathSourceConfig.ServableVersionPolicy';

export const LatestVersions = new MessageType(`${POLICY}.Latest`, { num_versions: one(1, 'uint32') });
export const AllVersions = new MessageType(`${POLICY}.All`, {});
export const SpecificVersions = new MessageType(`${POLICY}.Specific`, { versions: many(1, 'int64') });

export const ServableVersionPolicy = new MessageType(POLICY, {
  latest: oneOf('policy_choice', 100, LatestVersions),
  all: oneOf('policy_choice', 101, AllVersions),
  specific: oneOf('policy_choice', 102, SpecificVersions),
});

/** Only holds the policy's name; it is no message that is sent. */
const PathSourceConfig = new MessageType('tensorflow.serving.FileSystemStoragePathSourceConfig', {});

export const ModelType = new EnumType('tensorflow.serving.ModelType', {
  MODEL_TYPE_UNSPECIFIED: 0,
  TENSORFLOW: 1,
  OTHER: 2,
});

/** Without the configuration of request logs, which are not kept here. */
export const ModelConfig = new MessageType('tensorflow.serving.ModelConfig', {
  name: one(1, 'string'),
  base_path: one(2, 'string'),
  model_type: one(3, ModelType),
  model_platform: one(4, 'string'),
  model_version_policy: one(7, ServableVersionPolicy),
  version_labels: map(8, 'int64'),
});

export const ModelConfigList = new MessageType('tensorflow.serving.ModelConfigList', {
  config: many(1, ModelConfig),
});

export const ModelServerConfig = new MessageType('tensorflow.serving.ModelServerConfig', {
  model_config_list: oneOf('config', 1, ModelConfigList),
  custom_model_config: oneOf('config', 2, Any),
});

export const Metric = new MessageType('tensorflow.serving.Metric', {
  name: one(1, 'string'),
  int64_value_increase: oneOf('value_increase', 2, 'int64'),
});

export const ReloadConfigRequest = new MessageType('tensorflow.serving.ReloadConfigRequest', {
  config: one(1, ModelServerConfig),
  metric_names: many(2, 'string'),
});

export const ReloadConfigResponse = new MessageType('tensorflow.serving.ReloadConfigResponse', {
  status: one(1, StatusProto),
  metric: many(2, Metric),
});

const logOf = (name: string, request: MessageType) =>
  new MessageType(`tensorflow.serving.${name}`, { request: rawOne(1, request) });

export const ClassifyLog = logOf('ClassifyLog', ClassificationRequest);
export const RegressLog = logOf('RegressLog', RegressionRequest);
export const PredictLog = logOf('PredictLog', PredictRequest);
export const MultiInferenceLog = logOf('MultiInferenceLog', MultiInferenceRequest);

/** A record of a warm-up file: its request, as a call has it. Sessions' runs and streams are not served here. */
export const PredictionLog = new MessageType('tensorflow.serving.PredictionLog', {
  classify_log: oneOf('log_type', 2, ClassifyLog),
  regress_log: oneOf('log_type', 3, RegressLog),
  predict_log: oneOf('log_type', 6, PredictLog),
  multi_inference_log: oneOf('log_type', 4, MultiInferenceLog),
});

export const PredictionService = {
  name: 'tensorflow.serving.PredictionService',
  methods: {
    Classify: { input: ClassificationRequest, output: ClassificationResponse },
    Regress: { input: RegressionRequest, output: RegressionResponse },
    Predict: { input: PredictRequest, output: PredictResponse },
    MultiInference: { input: MultiInferenceRequest, output: MultiInferenceResponse },
    GetModelMetadata: { input: GetModelMetadataRequest, output: GetModelMetadataResponse },
  },
} as const satisfies ServiceSpec;

export const ModelService = {
  name: 'tensorflow.serving.ModelService',
  methods: {
    GetModelStatus: { input: GetModelStatusRequest, output: GetModelStatusResponse },
    HandleReloadConfigRequest: { input: ReloadConfigRequest, output: ReloadConfigResponse },
  },
} as const satisfies ServiceSpec;

const file = (
  name: string,
  imports: readonly FileSpec[],
  types: FileSpec['types'],
  services: readonly ServiceSpec[] = [],
): FileSpec => ({
  name: `tensorflow_serving/${name}.proto`,
  package: 'tensorflow.serving',
  imports,
  types,
  services,
});

const MODEL_FILE = file('apis/model', [WRAPPERS_FILE], [ModelSpec]);
const INPUT_FILE = file('apis/input', [EXAMPLE_FILE], [ExampleList, ExampleListWithContext, Input]);
const PREDICT_FILE = file('apis/predict', [TENSOR_FILE, MODEL_FILE], [PredictRequest, PredictResponse]);
const CLASSIFICATION_FILE = file(
  'apis/classification',
  [INPUT_FILE, MODEL_FILE],
  [Class, Classifications, ClassificationResult, ClassificationRequest, ClassificationResponse],
);
const REGRESSION_FILE = file(
  'apis/regression',
  [INPUT_FILE, MODEL_FILE],
  [Regression, RegressionResult, RegressionRequest, RegressionResponse],
);
const INFERENCE_FILE = file(
  'apis/inference',
  [CLASSIFICATION_FILE, INPUT_FILE, MODEL_FILE, REGRESSION_FILE],
  [InferenceTask, InferenceResult, MultiInferenceRequest, MultiInferenceResponse],
);
const METADATA_FILE = file(
  'apis/get_model_metadata',
  [ANY_FILE, META_GRAPH_FILE, MODEL_FILE],
  [SignatureDefMap, GetModelMetadataRequest, GetModelMetadataResponse],
);
const STATUS_FILE = file('apis/status', [ERROR_CODES_FILE], [StatusProto]);
const MODEL_STATUS_FILE = file(
  'apis/get_model_status',
  [MODEL_FILE, STATUS_FILE],
  [GetModelStatusRequest, ModelVersionStatus, VersionState, GetModelStatusResponse],
);
const POLICY_FILE = file(
  'config/file_system_storage_path_source',
  [],
  [PathSourceConfig, ServableVersionPolicy, LatestVersions, AllVersions, SpecificVersions],
);
const CONFIG_FILE = file(
  'config/model_server_config',
  [ANY_FILE, POLICY_FILE],
  [ModelType, ModelConfig, ModelConfigList, ModelServerConfig],
);
const MANAGEMENT_FILE = file(
  'apis/model_management',
  [STATUS_FILE, CONFIG_FILE],
  [ReloadConfigRequest, ReloadConfigResponse, Metric],
);

export const PREDICTION_LOG_FILE = file(
  'apis/prediction_log',
  [CLASSIFICATION_FILE, INFERENCE_FILE, PREDICT_FILE, REGRESSION_FILE],
  [ClassifyLog, RegressLog, PredictLog, MultiInferenceLog, PredictionLog],
);

export const PREDICTION_SERVICE_FILE = file(
  'apis/prediction_service',
  [CLASSIFICATION_FILE, METADATA_FILE, INFERENCE_FILE, PREDICT_FILE, REGRESSION_FILE],
  [],
  [PredictionService],
);

export const MODEL_SERVICE_FILE = file(
  'apis/model_service',
  [MODEL_STATUS_FILE, MANAGEMENT_FILE],
  [],
  [ModelService],
);
