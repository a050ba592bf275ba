/** What is answered in another way than TensorFlow Serving 2.17.1 does, on purpose. */
export interface Difference {
  readonly here: string;
  readonly theirs: string;
  /** Recorded request → the status that it has here. */
  readonly answers: Readonly<Record<string, number>>;
}

const all = (status: number, ...ids: readonly string[]): Record<string, number> =>
  Object.fromEntries(ids.map((id) => [id, status]));

/** Of all requests that were recorded over REST; docs/tensorflow-serving.md has this list, too. */
export const DIFFERENCES: readonly Difference[] = [
  {
    here: 'Answers are always JSON: what is not finite is a 400 that names its place',
    theirs: 'prints `NaN` and `Infinity`, which are no JSON',
    answers: all(400, 'cast-float64-float32-01', 'out-inf-01'),
  },
  {
    here: '`NaN`, `Infinity` and `-Infinity` in a request are a 400',
    theirs: 'accepted',
    answers: all(
      400,
      ...['number-forms-040', 'number-forms-042', 'dtype-float32-07', 'dtype-float64-06', 'dtype-float64-07'],
      'feature-33',
    ),
  },
  {
    here: 'A number beyond its float dtype is a 400',
    theirs: 'becomes `Infinity`',
    answers: all(400, 'number-forms-043', 'dtype-float32-02', 'dtype-float32-03', 'feature-27'),
  },
  {
    here: 'A whole number beyond its dtype is a 400',
    theirs: 'int8, int16 and uint8 become another number',
    answers: all(
      400,
      ...['dtype-int8-02', 'dtype-int8-06', 'dtype-int16-03'],
      ...['dtype-uint8-02', 'dtype-uint8-12', 'dtype-uint8-13'],
    ),
  },
  {
    here: '`1.0` and `1e2` are whole numbers, and good for an integer input',
    theirs: '400',
    answers: all(
      200,
      ...['dtype-int32-04', 'dtype-int32-06', 'dtype-uint8-04', 'dtype-uint8-06'],
      ...['dtype-uint32-04', 'dtype-uint64-04', 'dtype-uint64-06'],
    ),
  },
  {
    here: 'float16, bfloat16, uint16 and complex numbers go in and out; the latter as pairs `[re, im]`',
    theirs: '400 or 501: they have no JSON there',
    answers: {
      ...all(
        200,
        ...[
          'dtype-uint16-01',
          'dtype-uint16-06',
          'dtype-float16-01',
          'dtype-float16-02',
          'dtype-bfloat16-02',
        ],
        ...['dtype-complex64-04', 'dtype-complex128-04', 'cast-uint16-float32-01', 'cast-float16-float32-01'],
        ...['cast-bfloat16-float32-01', 'cast-float32-bfloat16-01', 'cast-float32-uint16-01'],
        'cast-float64-complex128-01',
      ),
      ...all(400, 'dtype-complex64-02', 'dtype-complex128-02'),
    },
  },
  {
    here: 'A subnormal number is read as it is written',
    theirs: 'becomes 0',
    answers: all(200, 'dtype-float32-05'),
  },
  {
    here: 'Strings that a model gives out must be UTF-8; bytes go as `{"b64": "…"}` by an output whose name ends in `_bytes`',
    theirs: 'writes the bytes as they are, which is no JSON',
    answers: all(400, 'dtype-string-03', 'multi-02', 'bytes-05'),
  },
  {
    here: 'Half of a surrogate pair, `"\\ud800"`, is U+FFFD, as in Node',
    theirs: '400',
    answers: all(200, 'dtype-string-26'),
  },
  {
    here: 'Of a key that stands twice the last one counts, as in JavaScript',
    theirs: 'the first one; the last among the features of an example',
    answers: all(200, 'multi-18'),
  },
  {
    here: 'A signature without inputs can be called',
    theirs: '400',
    answers: all(200, 'noinput-02', 'noinput-03'),
  },
  {
    here: 'A `?query` is ignored',
    theirs: 'part of the name: 404, or 400 after `:predict`',
    answers: all(200, 'routes-153', 'routes-post-175'),
  },
  { here: '`GET /` is a page', theirs: '404', answers: all(200, 'routes-142') },
];
