"""Writes SavedModels with operations of tensorflow-text into a folder, and expected.json: what Python answers.

The folder of its libraries is the one line on stdout.
"""

import json
import os
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import tensorflow as tf
import tensorflow_text as text

VOCABULARY = """[PAD] [UNK] [CLS] [SEP] the a quick brown fox jump ##s ##ed ##ing over lazy dog dogs un ##want ##able run ##n
i ' m don t ca ##f ##e ##é 東 京 , . ! ? - 1 2 3 ##0 ##5 straße strasse naive resume""".split()
TEXTS = [
    "The quick brown fox jumps over the lazy dogs.",
    "I'm RUNNING, don't you?  unwantable",
    "Café naïve résumé 東京 — 1050!",
    "",
    "a" * 120,
]


class Words(tf.Module):
    """White space and case: what a bag-of-words model does first."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "text")])
    def words(self, texts):
        tokens = text.WhitespaceTokenizer().tokenize(text.normalize_utf8(text.case_fold_utf8(texts), "NFKC"))
        bigrams = text.ngrams(tokens, 2, reduction_type=text.Reduction.STRING_JOIN)
        return {"words": tokens.to_tensor(""), "bigrams": bigrams.to_tensor(""), "counts": tokens.row_lengths()}


class Bert(tf.Module):
    """Two texts to what a BERT encoder takes: its tokens, which are padding, and of which text each is."""

    LENGTH = 16

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer

    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.string, "first"), tf.TensorSpec([None], tf.string, "second")]
    )
    def encode(self, first, second):
        segments = [self.tokenizer.tokenize(part) for part in (first, second)]
        segments = [tf.cast(s.merge_dims(1, 2) if s.ragged_rank > 1 else s, tf.int32) for s in segments]
        trimmed = text.RoundRobinTrimmer(self.LENGTH - 3).trim(segments)
        ids, types = text.combine_segments(trimmed, VOCABULARY.index("[CLS]"), VOCABULARY.index("[SEP]"))
        word_ids, mask = text.pad_model_inputs(ids, self.LENGTH)
        type_ids, _ = text.pad_model_inputs(types, self.LENGTH)
        return {"input_word_ids": word_ids, "input_mask": mask, "input_type_ids": type_ids}


def main(root: Path) -> None:
    vocabulary = root / "vocabulary.txt"
    vocabulary.write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    modules = {
        "words": Words(),
        "bert": Bert(text.BertTokenizer(str(vocabulary), lower_case=True, token_out_type=tf.int64)),
        "fast-bert": Bert(text.FastBertTokenizer(VOCABULARY, lower_case_nfd_strip_accents=True)),
    }
    expected = []
    for name, module in modules.items():
        path = str(root / "models" / name / "1")
        signature = module.words if name == "words" else module.encode
        tf.saved_model.save(module, path, signatures=signature)
        inputs = {"text": TEXTS} if name == "words" else {"first": TEXTS, "second": TEXTS[::-1]}
        served = tf.saved_model.load(path).signatures["serving_default"]
        outputs = served(**{key: tf.constant(value) for key, value in inputs.items()})
        outputs = {key: plain(value.numpy().tolist()) for key, value in outputs.items()}
        expected.append({"model": name, "inputs": inputs, "outputs": outputs})
    (root / "expected.json").write_text(json.dumps(expected), encoding="utf-8")
    print(Path(text.__file__).parent / "python" / "ops")


def plain(value):
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value.decode() if isinstance(value, bytes) else value


if __name__ == "__main__":
    main(Path(sys.argv[1]))
