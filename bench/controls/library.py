"""What TensorFlow's age does to a model's run: two versions of it, alternating, one thread each, no server around them.

    library.py --python OLD/bin/python --python NEW/bin/python --models .cache/models --out FILE.csv NAME …

Each Python has another version of TensorFlow. The first one makes the graph that both run: the SavedModel with its
variables as constants. Both keep the graph loaded in a process of their own and run it in turns of a second, ABBA, so
that whatever else the machine does meets both. CPU time is what counts. Columns: bench/controls/README.md.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COLUMNS = "model,tensorflow,repeat,order,runs,duration_s,p50_ms,cpu_ms_per_run,mode".split(",")


def main() -> None:
    parser = argparse.ArgumentParser(description="Time frozen graphs in two versions of TensorFlow.")
    parser.add_argument("--python", action="append", required=True, help="a Python with TensorFlow; give two")
    parser.add_argument("--models", type=Path, required=True, help="folder of the models")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=11)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each turn")
    parser.add_argument("names", nargs="+")
    options = parser.parse_args()
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in options.names:
            graph = Path(folder) / f"{name}.pb"
            freeze = [__file__, "--freeze", str(options.models / name), str(graph)]
            subprocess.run([options.python[0], *freeze], check=True)
            rows += turns(name, [Worker(python, options.models / name, graph) for python in options.python], options)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with options.out.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(
            [COLUMNS, *([*row[:3], i + 1, *row[3:], "full"] for i, row in enumerate(rows))]
        )


class Worker:
    """A process that has a graph loaded, and runs it for as many seconds as it is told by a line."""

    def __init__(self, python: str, model: Path, graph: Path) -> None:
        command = [python, __file__, "--run", str(model), str(graph)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.version = self.line()["tensorflow"]

    def line(self) -> dict:
        text = self.process.stdout.readline()
        if not text:
            raise RuntimeError(f"{self.process.args} ended with {self.process.wait()}")
        return json.loads(text)

    def run(self, seconds: float) -> dict:
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        return self.line()

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def turns(name: str, workers: list[Worker], options: argparse.Namespace) -> list[list[object]]:
    """Rows of one model, without their order."""
    rows: list[list[object]] = []
    for worker in workers:
        worker.run(options.seconds)  # thrown away
    for repeat in range(1, options.repeats + 1):
        for worker in workers if repeat % 2 else reversed(workers):
            found = worker.run(options.seconds)
            rows.append([name, worker.version, repeat, *(f"{number:.5g}" for number in found.values())])
    for worker in workers:
        worker.end()
    return rows


def freeze(model: Path, graph: Path) -> None:
    """Writes the graph of a SavedModel's signature with its variables as constants, and beside it what its ends are called."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    loaded = tf.saved_model.load(str(model / "1"))  # kept: its variables live as long as it does
    signature = loaded.signatures["serving_default"]
    frozen = convert_variables_to_constants_v2(signature, lower_control_flow=False)
    names = {"input": frozen.inputs[0].name, "output": frozen.outputs[0].name}
    graph.write_bytes(frozen.graph.as_graph_def().SerializeToString())
    graph.with_suffix(".json").write_text(json.dumps(names))


def run(model: Path, graph: Path) -> None:
    """Compares an answer, then runs the graph as its input says."""
    import numpy as np
    import tensorflow as tf

    definition = tf.compat.v1.GraphDef.FromString(graph.read_bytes())
    names = json.loads(graph.with_suffix(".json").read_text())
    expected = json.loads((model / "expected.json").read_text())
    example = expected["examples"][0]
    value = np.array(example["request"]["instances"], tf.as_dtype(expected["input"]["dtype"]).as_numpy_dtype)
    answer = np.array(example["response"]["predictions"])
    with tf.Graph().as_default():
        tf.import_graph_def(definition, name="")
        one = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
        with tf.compat.v1.Session(config=one) as session:
            call = session.make_callable(names["output"], [names["input"]])
            off = np.abs(call(value) - answer).max() / np.abs(answer).max()
            if not off <= 1e-4:
                sys.exit(f"{model.name} is off by {off:.2g} of the largest number")
            print(json.dumps({"tensorflow": tf.__version__}), flush=True)
            for line in sys.stdin:
                print(json.dumps(timed(lambda: call(value), float(line))), flush=True)


def timed(call, seconds: float) -> dict:
    """In the order of the columns."""
    latencies = []
    cpu, started = time.process_time(), time.perf_counter()
    before = started
    while before - started < seconds:
        call()
        after = time.perf_counter()
        latencies.append((after - before) * 1000)
        before = after
    cpu_ms = (time.process_time() - cpu) * 1000
    return {
        "runs": len(latencies),
        "duration_s": before - started,
        "p50_ms": sorted(latencies)[len(latencies) // 2],
        "cpu_ms_per_run": cpu_ms / len(latencies),
    }


if __name__ == "__main__":
    os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")
    if sys.argv[1] == "--freeze":
        freeze(Path(sys.argv[2]), Path(sys.argv[3]))
    elif sys.argv[1] == "--run":
        run(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main()
