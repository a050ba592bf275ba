"""Write SavedModels for the benchmark, with example requests and the answers that Python TensorFlow gives.

    make.py --out FOLDER NAME …

FOLDER/NAME/1/ is the SavedModel, FOLDER/NAME/expected.json what to ask it, what is right, and the SHA-256 of its files
and of its weights. The weights are random, from a fixed seed: the same on every run on one kind of CPU (the files are not
quite: TensorFlow puts a random number into its fingerprint).
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

# before TensorFlow is imported: its lines about CPU features say nothing here
os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1", KERAS_BACKEND="tensorflow")


def main() -> int:
    """Exit code 0: all written; 1: a model answers nothing sensible; 2: bad usage (argparse)."""
    parser = argparse.ArgumentParser(description="Write SavedModels for the benchmark.")
    parser.add_argument("--out", type=Path, required=True, help="folder of the models")
    parser.add_argument("names", nargs="+")
    options = parser.parse_args()

    import keras
    import tensorflow as tf

    from recipes import RECIPES, SEED

    unknown = [name for name in options.names if name not in RECIPES]
    if unknown:
        parser.error(f"no model {', '.join(unknown)}: choose from {', '.join(RECIPES)}")
    tf.config.experimental.enable_op_determinism()  # sums over a batch in one order
    for name in options.names:
        keras.utils.clear_session()
        keras.utils.set_random_seed(SEED)
        recipe = RECIPES[name]()
        folder = options.out / f"{name}.partial"
        shutil.rmtree(folder, ignore_errors=True)
        recipe.save(str(folder / "1"))
        record = describe(folder / "1", name, recipe.note, recipe.inputs)
        complaint = complain(record["examples"])
        if complaint:
            print(f"{name}: {complaint}", file=sys.stderr)
            return 1
        (folder / "expected.json").write_text(json.dumps(record, separators=(",", ":")) + "\n")
        shutil.rmtree(options.out / name, ignore_errors=True)
        folder.rename(options.out / name)
        print(f"{name}: {recipe.note}", flush=True)
    return 0


def describe(version: Path, name: str, note: str, inputs: list[Any]) -> dict:
    """Ask the SavedModel, loaded anew, for the answers to `inputs`."""
    import tensorflow as tf

    loaded = tf.saved_model.load(str(version))
    signature = loaded.signatures["serving_default"]
    ((input_name, spec),) = signature.structured_input_signature[1].items()
    ((output_name, _),) = signature.structured_outputs.items()

    def example(value: Any) -> dict:
        answer = signature(**{input_name: tf.constant(value, spec.dtype)})[output_name].numpy()
        rows = value.ndim > 0
        # row format, or for a scalar, which has no rows, column format
        request, response = ("instances", "predictions") if rows else ("inputs", "outputs")
        return {"request": {request: plain(value)}, "response": {response: plain(answer)}}

    digest, parameters = weigh(version)
    return {
        "model": name,
        "note": f"{note}. Weights are random.",
        "tensorflow": tf.__version__,
        "parameters": parameters,
        "weights_sha256": digest,
        "files_sha256": {
            str(file.relative_to(version)): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted(version.rglob("*"))
            if file.is_file()
        },
        "input": {"name": input_name, "dtype": spec.dtype.name, "shape": spec.shape.as_list()},
        "output": output_name,
        "examples": [example(value) for value in inputs],
    }


def weigh(version: Path) -> tuple[str, int]:
    """SHA-256 over the values of all variables in the order of their names, and how many numbers they are."""
    import numpy as np
    import tensorflow as tf

    reader = tf.train.load_checkpoint(str(version / "variables" / "variables"))
    digest, parameters = hashlib.sha256(), 0
    for key in sorted(reader.get_variable_to_shape_map()):
        # the tree of Python objects, and Keras' second list of the same variables
        if key == "_CHECKPOINTABLE_OBJECT_GRAPH" or key.startswith("_all_variables/"):
            continue
        value = np.ascontiguousarray(reader.get_tensor(key))
        digest.update(value.tobytes())
        parameters += value.size
    return digest.hexdigest(), parameters


def plain(array: Any) -> Any:
    """An array as JSON has it: the shortest digits that give each float32 back, text for bytes."""
    if array.dtype.kind in "SO":
        return [item.decode() for item in array.tolist()]
    if array.dtype.kind != "f":
        return array.tolist()
    digits = [float(str(number)) for number in array.ravel()]
    nested: Any = digits
    for size in reversed(array.shape[1:]):
        nested = [nested[i : i + size] for i in range(0, len(nested), size)]
    return nested


def complain(examples: list[dict]) -> str | None:
    """What is wrong with answers that are not finite, or the same whatever was asked."""
    import numpy as np

    answers = [np.array(next(iter(example["response"].values()))).ravel() for example in examples]
    if not all(np.isfinite(answer).all() for answer in answers):
        return "an answer is not finite"
    size = min(len(answer) for answer in answers)
    spread = np.ptp([answer[:size] for answer in answers], axis=0).max()
    largest = max(np.abs(answer).max() for answer in answers)
    return None if spread > largest * 0.05 else f"answers differ by no more than {spread:.2g} (largest {largest:.2g})"


if __name__ == "__main__":
    sys.exit(main())
