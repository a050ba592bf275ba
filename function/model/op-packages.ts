/** An operation that is not TensorFlow's own, in the words of TensorFlow's refusal. */
const NOT_REGISTERED = /Op type not registered '([^']+)'/;

/** Which PyPI package has an operation, by its name: those of tensorflow-text 2.21.1, and prefixes of others. */
const PACKAGES: readonly (readonly [operations: RegExp, name: string])[] = [
  [
    /^(?:TFText>|Sentencepiece\w*Op$|SentenceFragments|(?:CaseFold|Normalize)UTF8|Fast(?:Bert|Wordpiece)|RegexSplit|(?:Whitespace|UnicodeScript|Wordpiece|SplitMerge)Tokenize|PhraseTokenize$|TokenizerFromLogits$|FindSourceOffsets$|ConstrainedSequence$|MaxSpanningTree$|RougeL$)/,
    'tensorflow-text',
  ],
  [/^SimpleML/, 'tensorflow-decision-forests'],
  [/^IO>/, 'tensorflow-io'],
  [/^Addons>/, 'tensorflow-addons'],
  [/^TFRA>/, 'tensorflow-recommenders-addons'],
];

/** What a model wants that TensorFlow lacks, and what to do, in a sentence; undefined where its refusal is about something else. */
export function explainMissingOperation(refusal: string): string | undefined {
  const operation = NOT_REGISTERED.exec(refusal)?.[1];
  if (operation === undefined) return undefined;
  const found = PACKAGES.find(([operations]) => operations.test(operation))?.[1];
  const from = found === undefined ? 'the package that the model was made with' : `the PyPI package ${found}`;
  return `it needs the operation ${operation}, which TensorFlow itself has not: name the shared library of ${from} in OP_LIBRARIES, in a release made for the TensorFlow of this server`;
}
