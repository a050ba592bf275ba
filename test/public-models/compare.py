"""Serve every SavedModel below a folder, and compare its answers with those of Python's TensorFlow to the same inputs.

    python compare.py FOLDER        # Python with tensorflow-cpu 2.21.0; `npm run setup` before; one table row a model

Inputs are random numbers, a few texts, and tf.Example where a signature's method or its input's name asks for them (SERIALIZED). Times
are CPU seconds of the server's process, which other work on the machine changes less.
"""

import base64
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf

ROOT = Path(__file__).resolve().parents[2]
NODE = ROOT / "node_modules/.bin/node"
SERIALIZED = {"inputs", "examples", "input_example_tensor"}
TEXTS = [b"import os\nprint('hello')\n", b"the weather is nice, a very good movie", b""]
RUNS, SECONDS = 40, 3


def example(rng) -> bytes:
    def number() -> tf.train.Feature:
        return tf.train.Feature(float_list=tf.train.FloatList(value=[float(rng.uniform())]))

    names = ["x", "x2", "body_mass_g", "culmen_depth_mm", "culmen_length_mm", "flipper_length_mm", "trip_miles"]
    return tf.train.Example(features=tf.train.Features(feature={name: number() for name in names})).SerializeToString()


def an_input(key, info, method, graph, rng) -> np.ndarray:
    """Two rows; other dimensions that are open have 3."""
    shape = graph.get_tensor_by_name(info.name).shape
    sizes = [size or (3 if i else 2) for i, size in enumerate(shape.as_list() if shape.rank is not None else [2])]
    dtype = tf.dtypes.as_dtype(info.dtype).base_dtype
    if dtype == tf.string:
        serialized = key in SERIALIZED or method.endswith(("classify", "regress"))
        texts = [example(rng) if serialized else TEXTS[i % 3] for i in range(int(np.prod(sizes)))]
        return np.array(texts, object).reshape(sizes)
    if dtype == tf.bool:
        return rng.integers(0, 2, sizes).astype(bool)
    return (rng.integers(0, 5, sizes) if dtype.is_integer else rng.normal(size=sizes)).astype(dtype.as_numpy_dtype)


def python_answers(folder: Path):
    """{signature: (inputs, outputs or the error)}; of TensorFlow 1 and 2 alike, by the names in the graph."""
    answers = {}
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        loaded = tf.compat.v1.saved_model.load(session, ["serve"], str(folder))
        for name, signature in sorted(loaded.signature_def.items()):
            if name.startswith("__saved_model"):
                continue
            rng = np.random.default_rng(int(hashlib.sha256(name.encode()).hexdigest()[:8], 16))
            inputs = {
                key: an_input(key, info, signature.method_name, session.graph, rng)
                for key, info in sorted(signature.inputs.items())
            }
            try:
                names = {key: info.name for key, info in signature.outputs.items()}
                answers[name] = inputs, session.run(names, {signature.inputs[key].name: inputs[key] for key in inputs})
            except Exception as error:  # TensorFlow's refusals have no class in common
                answers[name] = inputs, str(error)
    return answers


def plain(array: np.ndarray):
    if array.dtype == object:
        wrapped = [{"b64": base64.b64encode(text).decode()} for text in array.reshape(-1)]
        return np.array(wrapped, object).reshape(array.shape).tolist()
    return array.tolist()


def difference(ours, theirs: np.ndarray) -> float:
    """The largest, in shares of the largest number; 1 where what is no float is not the same."""
    if theirs.dtype.kind in "OS":
        texts = [base64.b64decode(t["b64"]) if isinstance(t, dict) else t.encode() for t in np.array(ours, object).reshape(-1)]
        return float(texts != list(theirs.reshape(-1)))
    numbers = np.array(ours).reshape(theirs.shape)
    if theirs.dtype.kind != "f" or theirs.size == 0:
        return float(not np.array_equal(numbers, theirs))
    return float(np.max(np.abs(numbers - theirs)) / max(np.max(np.abs(theirs)), 1e-30))


class Server:
    """The server with one model. `words`: why it did not start; None where it did."""

    def __init__(self, folder: Path, base: Path):
        (base / "1").symlink_to(folder.resolve())
        options = dict(HOST="127.0.0.1", PORT="0", GRPC_PORT="0", DRAIN_DELAY_MS="0", MAX_NUM_LOAD_RETRIES="0")
        env = dict(os.environ, MODEL_NAME="m", MODEL_BASE_PATH=str(base), BODY_LIMIT_BYTES=str(1 << 26), **options)
        main = [str(NODE), str(ROOT / "dist/main.js")]
        self.process = subprocess.Popen(main, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.port, self.changes = None, set()
        for line in self.process.stdout:
            entry = json.loads(line)
            if "could change the model" in entry.get("reason", ""):
                self.changes.add(entry["signature"])
            if "port" in entry:
                self.port = entry["port"]
                break
        self.words = None if self.port else self.process.communicate()[1].strip().split("\n")[-1]

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def ask(self, body):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/v1/models/m:predict", json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["outputs"]
        except urllib.error.HTTPError as error:
            return error  # its status is in its words

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=60)


def row(folder: Path, base: Path) -> str:
    try:
        expected = python_answers(folder)
    except Exception as error:
        expected = {}
        theirs = f"does not load it: {str(error).splitlines()[0][:80]}"
    else:
        theirs = ""
    server = Server(folder, base)
    if server.words is not None:
        return f"| not started: {server.words} | Python {theirs or 'loads it'} | |"
    start, largest, same, wrong, cpu_ms = server.cpu_seconds(), 0.0, 0, [], []
    time.sleep(1)  # for the variables to become constants
    # Those that change the model are asked once, as Python asked them, in the same order.
    for name, (inputs, theirs) in expected.items():
        body = {"signature_name": name, "inputs": {key: plain(value) for key, value in inputs.items()}}
        ours = server.ask(body)
        if isinstance(theirs, str) or isinstance(ours, Exception):
            wrong += [] if isinstance(theirs, str) and isinstance(ours, Exception) else [name]
            continue
        found = ours if len(theirs) > 1 or isinstance(ours, dict) and set(ours) == set(theirs) else {next(iter(theirs)): ours}
        largest = max([largest, *(difference(found[key], value) for key, value in theirs.items())])
        same += 1
        if name not in server.changes:
            before, until, runs = server.cpu_seconds(), time.monotonic() + SECONDS, 0
            while runs < RUNS and (runs == 0 or time.monotonic() < until):
                server.ask(body)
                runs += 1
            cpu_ms.append((server.cpu_seconds() - before) / runs * 1e3)
    server.stop()
    cost = f"{min(cpu_ms):.1f}–{max(cpu_ms):.1f}" if cpu_ms else ""
    return f"| {start:.2f} s | {same} of {len(expected)}, {largest:.1g} {f'WRONG: {wrong}' if wrong else ''} | {cost} ms |"


def main(root: Path) -> None:
    folders = {path.parent for pattern in ("saved_model.pb", "saved_model.pbtxt") for path in root.rglob(pattern)}
    for folder in sorted(folders):
        with tempfile.TemporaryDirectory() as base:
            print(f"| {folder.relative_to(root)} {row(folder, Path(base))}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
