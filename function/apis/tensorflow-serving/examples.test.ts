// :classify and :regress by REST, beyond what was recorded of TensorFlow Serving.
import t, { type Test } from 'tap';
import { testApp, testModel } from '../../testing/app.ts';
import { ask, type Case } from '../../testing/requests.ts';

const examples = await testModel(t, 'tf-serving-models/examples');

type Asked = Pick<Case, 'answer'> & { readonly body: string; readonly status?: number };

function send(t: Test, verb: 'classify' | 'regress', asked: readonly Asked[]): Promise<void> {
  const cases = asked.map(
    ({ status = 200, ...one }): Case => ({
      name: one.body.slice(0, 100),
      method: 'POST',
      path: `/v1/models/celsius:${verb}`,
      status,
      sent: { 'x-model-version': '1' },
      ...one,
    }),
  );
  return ask(t, testApp(examples), cases);
}

/** value = x + n + the sum of vec; where they are not given n is 7 and vec [1, 2]. */
t.test('features by what they look like', (t) =>
  send(t, 'regress', [
    { body: '{"examples":[{"x":1.5,"n":true,"vec":[0.5,1e0]}]}', answer: { results: [4] } },
    {
      body: '{"examples":[{"x":1.5,"n":-1}, {"x":2.5,"n":[-9007199254740993]}]}',
      answer: { results: [3.5, -9007199000000000] },
    },
    { body: '{"examples":[{"x":1e2,"n":0}]}', answer: { results: [103] } },
    { body: '{"examples":[{"x":123456789012345678901}]}', answer: { results: [123456790000000000000] } },
    { body: '{"examples":[{"\\u0078":1.5,"":"a","ü":["b"],"none":[]}]}', answer: { results: [11.5] } },
    { body: '{"examples":[{"x":1.5,"n":[]}],"context":{"n":3}}', answer: { results: [7.5] } },
    { body: '{"context":{"x":2.5,"n":1},"examples":[{},{"n":2}]}', answer: { results: [6.5, 7.5] } },
    { body: '\ufeff {"examples":[{"x":0.5}],"other":[{"x":null}]} ', answer: { results: [10.5] } },
    { body: `{"examples":[${Array(5000).fill('{"x":1.5}')}]}`, answer: { results: Array(5000).fill(11.5) } },
  ]),
);

t.test('labels', (t) =>
  send(t, 'classify', [
    {
      body: '{"signature_name":"classify_tag","examples":[{"x":1.5,"tag":"ü\\n\\"\\ud83d\\ude00"},{"x":1.5,"tag":{"b64":"Y2\\nF0"}}]}',
      answer: { results: [[['ü\n"😀', 11.5]], [['cat', 11.5]]] },
    },
  ]),
);

t.test('what is wrong is said with its place', (t) =>
  send(
    t,
    'regress',
    (
      [
        ['', /^the body is empty/],
        ['[]', /is not a JSON object; send \{"examples"/],
        ['{"examples":[{"x":1.5}', /not JSON: it ends too early/],
        ['{}', /^give "examples"/],
        ['{"instances":[1]}', /^give "examples"/],
        ['{"examples":{}}', /^examples: an object is no list/],
        ['{"examples":[]}', /^examples: the list is empty/],
        ['{"examples":[1]}', /^examples\[0\]: 1 is no object of features/],
        ['{"examples":[{"x":1.5},["x"]]}', /^examples\[1\]: a list is no object/],
        ['{"examples":[{"x":1.5}],"context":[]}', /^context: a list is no object/],
        ['{"examples":[{"x":1.5}],"signature_name":1}', /^signature_name: not a string/],
        ['{"examples":[{"x":1.5}],"signature_name":"nope"}', /no signature "nope"/],
        [
          '{"examples":[{"x":1.5}],"signature_name":"classify"}',
          /^signature "classify" is to have the one output "outputs"/,
        ],
        [
          `{"context":{"tag":"${'a'.repeat(20_000)}"},"examples":[${Array(1000).fill('{}')}]}`,
          /^context: its features, once for each example, take more than 16777216 bytes; send fewer/,
        ],
        ['{"examples":[{"x":null}]}', /^examples\[0\]\.x: null is neither a number, a bool, a string nor/],
        ['{"examples":[{"x":[1.5,[2.5]]}]}', /^examples\[0\]\.x\[1\]: a list is neither/],
        ['{"examples":[{"x":{"a":1}}]}', /^examples\[0\]\.x: an object is neither/],
        [
          '{"examples":[{"x":[1.5,2]}]}',
          /^examples\[0\]\.x\[1\]: 2 is an int64, and the first of the list a float; write floats/,
        ],
        [
          '{"context":{"x":["a",2]},"examples":[{}]}',
          /^context\.x\[1\]: 2 is an int64, and the first of the list bytes$/,
        ],
        [
          '{"examples":[{"n":9223372036854775808}]}',
          /^examples\[0\]\.n: 9223372036854775808 is beyond the range of int64/,
        ],
        ['{"examples":[{"x":1e39}]}', /^examples\[0\]\.x: 1e\+39 is beyond the range of float32/],
        [
          '{"examples":[{"tag":{"b64":"-_"}}]}',
          /^examples\[0\]\.tag: \{"b64": …\} is in base64's URL-safe alphabet/,
        ],
        ['{"examples":[{"x":1}]}', /Data type: int64 but expected type: float/],
        [
          '{"examples":[{"x":1.5}],"signature_name":"regress_wide"}',
          /^output outputs has the shape \[1,3\], where it is to be \[1\] or \[1,1\]/,
        ],
      ] as const
    ).map(([body, error]) => ({ body, status: 400, answer: { error } })),
  ),
);
