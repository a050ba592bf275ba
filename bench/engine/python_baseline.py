"""Plain TensorFlow in Python: a SavedModel's signature called again and again by one thread, with one thread below it.

Prints one line of JSON: {"runs", "duration_s", "latencies_ms": [...], "cpu_s", "wrong": null or a text}. The calls take the
examples of expected.json in turn; what a call takes is numbers that lie in memory, what it gives is NumPy's, so that no
JSON is read or printed. Answers are compared before and after.
"""

import argparse
import json
import os
import time
from pathlib import Path

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")

import numpy as np
import tensorflow as tf


def main() -> None:
    parser = argparse.ArgumentParser(description="Time a SavedModel in plain Python TensorFlow.")
    parser.add_argument("folder", type=Path, help="of the versions and expected.json")
    parser.add_argument("--warmup", type=float, required=True, help="seconds")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--tolerance", type=float, required=True, help="share of the largest number")
    options = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    expected = json.loads((options.folder / "expected.json").read_text())
    loaded = tf.saved_model.load(str(options.folder / "1"))
    signature = loaded.signatures["serving_default"]
    name, output = expected["input"]["name"], expected["output"]
    dtype = tf.as_dtype(expected["input"]["dtype"]).as_numpy_dtype
    examples = [example for example in expected["examples"] if len(example["request"].get("instances", [])) == 1]
    inputs = [np.array(example["request"]["instances"], dtype) for example in examples]
    answers = [np.array(example["response"]["predictions"]) for example in examples]

    def run(i: int) -> np.ndarray:
        return signature(**{name: tf.constant(inputs[i % len(inputs)])})[output].numpy()

    def wrong() -> str | None:
        for i, answer in enumerate(answers):
            off = np.abs(run(i) - answer).max() / np.abs(answer).max()
            if not off <= options.tolerance:
                return f"example {i} is off by {off:.2g} of the largest number"
        return None

    complaint = wrong()
    started = time.perf_counter()
    i = 0
    while time.perf_counter() - started < options.warmup:
        run(i)
        i += 1
    latencies: list[float] = []
    cpu = time.process_time()
    started = before = time.perf_counter()
    while before - started < options.seconds:
        run(i)
        i += 1
        after = time.perf_counter()
        latencies.append((after - before) * 1000)
        before = after
    found = {
        "runs": len(latencies),
        "duration_s": before - started,
        "latencies_ms": [round(latency, 4) for latency in latencies],
        "cpu_s": time.process_time() - cpu,
        "wrong": complaint or wrong(),
    }
    print(json.dumps(found))


main()
