import t from 'tap';
import { type ModelConfig, modelConfigs, withoutEffect } from './model-config.ts';
import { readTextFormat } from './text-format.ts';

const read = (text: string): ModelConfig[] => modelConfigs(readTextFormat('ModelServerConfig', text));
const list = (...configs: string[]) =>
  `model_config_list { ${configs.map((c) => `config { ${c} }`).join(' ')} }`;
const half = 'name: "half" base_path: "/models/half" model_platform: "tensorflow"';

t.test('configurations', async (t) => {
  const plain = {
    name: 'half',
    basePath: '/models/half',
    policy: { kind: 'latest', count: 1 },
    labels: new Map(),
  };
  for (const { text, configs } of [
    { text: 'model_config_list { }', configs: [] },
    { text: list(half), configs: [plain] },
    { text: list(half, half.replace('"half"', '"other"')), configs: [plain, { ...plain, name: 'other' }] },
    { text: list(`${half} # a remark\n`), configs: [plain] },
    { text: list(half.replace('/models/half', 'file:///models/half')), configs: [plain] },
    { text: list('name: "half" base_path: "/models/half" model_type: TENSORFLOW'), configs: [plain] },
    {
      text: list('base_path: "/models/half" model_platform: "tensorflow"'),
      configs: [{ ...plain, name: '' }],
    },
    {
      text: list(`${half} model_version_policy { all {} }`),
      configs: [{ ...plain, policy: { kind: 'all' } }],
    },
    { text: list(`${half} model_version_policy { latest { num_versions: 0 } }`), configs: [plain] },
    { text: list(`${half} model_version_policy: { latest { } }`), configs: [plain] },
    {
      text: list(`${half} model_version_policy { latest { num_versions: 3 } }`),
      configs: [{ ...plain, policy: { kind: 'latest', count: 3 } }],
    },
    {
      text: list(`${half} model_version_policy { specific { versions: [1, 9223372036854775807] } }`),
      configs: [{ ...plain, policy: { kind: 'specific', versions: ['1', '9223372036854775807'] } }],
    },
    {
      text: list(`${half} version_labels { key: "stable" value: 1 } version_labels { key: '' value: 2 }`),
      configs: [
        {
          ...plain,
          labels: new Map([
            ['stable', '1'],
            ['', '2'],
          ]),
        },
      ],
    },
  ]) {
    t.same(read(text), configs, text);
  }
});

t.test('configurations with a fault', async (t) => {
  for (const { text, message } of [
    { text: '', message: /^the configuration has no model_config_list/ },
    {
      text: 'custom_model_config { type_url: "x/y" }',
      message: /^the configuration has no model_config_list/,
    },
    { text: list(half, half), message: 'model "half" is listed more than once' },
    {
      text: list('name: "half" model_platform: "tensorflow"'),
      message: 'model "half": base_path "" is no absolute path',
    },
    { text: list(half.replace('/models', 'models')), message: /"models\/half" is no absolute path/ },
    {
      text: list(half.replace('/models', 's3://bucket')),
      message: /not by s3:\/\/; mount the bucket as a volume/,
    },
    {
      text: list(half.replace('"tensorflow"', '"nope"')),
      message: 'model "half": platform "nope" is not served; "tensorflow" is',
    },
    {
      text: list('name: "half" base_path: "/m" model_type: OTHER'),
      message: /platform "OTHER" is not served/,
    },
    { text: list('name: "half" base_path: "/m"'), message: /model_platform is missing/ },
    { text: list(`${half} model_type: TENSORFLOW`), message: /give model_platform alone/ },
    {
      text: list(`${half}\n path: "x"`),
      message: "no ModelServerConfig in protobuf's text format: ModelConfig: unknown field 'path' (line 2)",
    },
    { text: list(`${half} version_labels { key: "a" value: 9223372036854775808 }`), message: /out of range/ },
    {
      text: list(`${half} model_version_policy { latest { num_versions: -1 } }`),
      message: /unsigned integer/,
    },
    { text: 'model_config_list {', message: /expected '}' \(line 1\)/ },
  ]) {
    t.throws(() => read(text), { code: 'INVALID_ARGUMENT', message }, text);
  }
});

t.test('what has no effect is said', async (t) => {
  const logging = list(`${half} logging_config { sampling_config { sampling_rate: 0.1 } }`);
  t.match(withoutEffect(readTextFormat('ModelServerConfig', logging)), [
    /^model "half": logging_config has no effect/,
  ]);
  t.same(withoutEffect(readTextFormat('ModelServerConfig', list(half))), []);
});

t.test("the other files' messages", async (t) => {
  t.match(readTextFormat('BatchingParameters', 'max_batch_size { value: 4 } allowed_batch_sizes: [2, 4]'), {
    max_batch_size: { value: '4' },
    allowed_batch_sizes: ['2', '4'],
    pad_variable_length_inputs: false,
    num_batch_threads: null,
  });
  t.throws(() => readTextFormat('BatchingParameters', 'max_batch_size: 8'), { code: 'INVALID_ARGUMENT' });
  t.same(readTextFormat('MonitoringConfig', 'prometheus_config { enable: true path: "/m" }'), {
    prometheus_config: { enable: true, path: '/m' },
  });
});
