import t from 'tap';
import type { TensorProto } from '../../model/constant-tensor.ts';
import type { Default, Signature } from '../../model/signatures.ts';
import type { TensorInfo } from '../../model/tensor-info.ts';
import { celsiusSignature } from '../../testing/app.ts';
import { listText, metadataText, statusText } from './model-info.ts';

const signatureIn = (signature: Signature, initOp?: Signature) => {
  const signatures = new Map([[signature.name, signature]]);
  const { metadata } = JSON.parse(metadataText({ name: 'm', version: '1', signatures, initOp }));
  return metadata.signature_def.signature_def;
};

t.test('defaults, in the JSON form of protobuf', async (t) => {
  const one = (proto: Partial<TensorProto>): Default => ({
    proto: { dtype: 1, shape: [], content: new Uint8Array(), values: undefined, ...proto },
    shape: [],
    data: new Uint8Array(),
  });
  const defaults = new Map([
    ['scale', one({ values: { field: 'float_val', list: [10, Number.NaN] } })],
    ['long', one({ dtype: 9, shape: [1], values: { field: 'int64_val', list: [2n ** 60n] } })],
    ['text', one({ dtype: 7, values: { field: 'string_val', list: [new Uint8Array([255])] } })],
    ['content', one({ dtype: 4, content: new Uint8Array([1, 2, 3]) })],
  ]);
  const found = signatureIn({ ...celsiusSignature(), defaults }).serving_default.defaults;
  t.match(found, {
    scale: {
      dtype: 'DT_FLOAT',
      tensor_shape: { dim: [], unknown_rank: false },
      float_val: [10, 'NaN'],
      int_val: [],
    },
    long: { dtype: 'DT_INT64', tensor_shape: { dim: [{ size: '1' }] }, int64_val: ['1152921504606846976'] },
    text: { dtype: 'DT_STRING', string_val: ['/w=='] },
    content: { dtype: 'DT_UINT8', tensor_content: 'AQID', int_val: [] },
  });
  t.same(signatureIn(celsiusSignature()).serving_default.defaults, {});
});

t.test('a sparse output is one, made of its tensors', async (t) => {
  const part = (key: string): TensorInfo => ({ key, name: `${key}:0`, dtype: 'DT_FLOAT', shape: [-1] });
  const parts = ['values', 'indices', 'dense_shape'].map(part);
  const outputs = (encoding: 'coo_sparse' | 'composite_tensor') => {
    const partOf = { key: 'sp', dtype: 'DT_FLOAT', shape: [-1, 4], encoding, parts };
    return parts.map((one) => ({ ...one, key: `sp.${one.key}`, partOf }));
  };
  const shown = (encoding: 'coo_sparse' | 'composite_tensor') =>
    signatureIn({ ...celsiusSignature(), outputs: outputs(encoding) }).serving_default.outputs;
  t.match(shown('coo_sparse'), {
    sp: {
      dtype: 'DT_FLOAT',
      coo_sparse: {
        values_tensor_name: 'values:0',
        indices_tensor_name: 'indices:0',
        dense_shape_tensor_name: 'dense_shape:0',
      },
    },
  });
  t.same(Object.keys(shown('coo_sparse')), ['sp']);
  t.match(shown('composite_tensor'), {
    sp: { composite_tensor: { components: [{ name: 'values:0' }, {}, {}] } },
  });
});

t.test("TensorFlow's own signature is shown too", async (t) => {
  const name = '__saved_model_init_op';
  const output = { key: name, name: 'NoOp', dtype: 'DT_INVALID', shape: undefined };
  const initOp = { ...celsiusSignature(name), method: '', inputs: [], outputs: [output] };
  t.same(signatureIn(celsiusSignature(), initOp)[name], {
    inputs: {},
    outputs: { [name]: { dtype: 'DT_INVALID', tensor_shape: { dim: [], unknown_rank: true }, name: 'NoOp' } },
    method_name: '',
    defaults: {},
  });
});

t.test('versions and models', async (t) => {
  const failed = { version: '2', state: 'END', code: 'DATA_LOSS', message: 'it is damaged' } as const;
  const status = {
    version: '2',
    state: 'END',
    status: { error_code: 'DATA_LOSS', error_message: 'it is damaged' },
  };
  t.same(JSON.parse(statusText([failed])), { model_version_status: [status] });
  const labels = new Map([['stable', '1']]);
  t.same(
    JSON.parse(
      listText([
        { name: 'a', versions: [failed], labels, reason: 'it is damaged' },
        { name: 'b', versions: [], labels: new Map(), reason: '' },
      ]),
    ),
    {
      models: [
        {
          name: 'a',
          model_version_status: [status],
          version_labels: { stable: '1' },
          error: 'it is damaged',
        },
        { name: 'b', model_version_status: [] },
      ],
    },
  );
});
