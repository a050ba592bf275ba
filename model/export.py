"""Write the SavedModel that turns degrees Fahrenheit into degrees Celsius.

Signature serving_default: input `fahrenheit` float32 [-1] (°F), output `celsius` float32 [-1] (°C), elementwise.
The arithmetic is done in float64 and rounded to float32 once, at the end. A float32 minus 32, times 5, fits into
float64 (where it does not, the float32 is too near 0 to matter), and a quotient by 9 that is not a midpoint of two
float32 is never within float64's error of one: so the answer is the correctly rounded one (98.6 -> 37, where float32
arithmetic may give 36.999996).
"""

import argparse
import os
import sys
from pathlib import Path

from saved_model_file import Signatures, write_graph

# °F, °C: both are rounded to float32 before they are compared.
KNOWN_ANSWERS = [
    (212.0, 100.0),
    (98.6, 37.0),
    (32.0, 0.0),
    (-40.0, -40.0),
    (-459.67, -273.15),
    (1e10, 5555555533.0),
]


def celsius() -> Signatures:
    """Build the graph: five elementwise nodes, so that it takes any rank."""
    import tensorflow as tf

    fahrenheit = tf.compat.v1.placeholder(tf.float32, [None], name="fahrenheit")
    exact = (tf.cast(fahrenheit, tf.float64) - 32.0) * 5.0 / 9.0
    return {"serving_default": ({"fahrenheit": fahrenheit}, {"celsius": tf.cast(exact, tf.float32, name="celsius")})}


def wrong_answers(folder: Path) -> list[str]:
    """Load the SavedModel in `folder` and return one line for each known answer that it gets wrong."""
    import numpy as np
    import tensorflow as tf

    signature = tf.saved_model.load(str(folder)).signatures["serving_default"]
    fahrenheit = np.array([f for f, _ in KNOWN_ANSWERS], np.float32)
    answers = signature(fahrenheit=tf.constant(fahrenheit))["celsius"].numpy()
    return [
        f"{f} °F gave {got} °C, expected {expected} °C"
        for (f, expected), got in zip(KNOWN_ANSWERS, answers)
        if got != np.float32(expected)
    ]


def main() -> int:
    """Exit code 0: written and right; 1: not written, or wrong; 2: bad usage (argparse)."""
    parser = argparse.ArgumentParser(description="Write the Fahrenheit-to-Celsius SavedModel and check its answers.")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(__file__).parent / "celsius" / "1",
        help="folder of the version to write (default: celsius/1 beside this file)",
    )
    out = parser.parse_args().out
    # TensorFlow's start-up lines about CPU features say nothing to whoever exports a model.
    os.environ.update(TF_CPP_MIN_LOG_LEVEL="2", TF_ENABLE_ONEDNN_OPTS="0")
    try:
        write_graph(out, celsius)
        wrong = wrong_answers(out)
    except ImportError as error:
        print(f"{error}: run pip install --require-hashes -r requirements.txt", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"cannot write {out}: {error}", file=sys.stderr)
        return 1
    for line in wrong:
        print(f"{out}: {line}", file=sys.stderr)
    if wrong:
        return 1
    print(f"{out}: {len(KNOWN_ANSWERS)} known answers are right")
    return 0


if __name__ == "__main__":
    sys.exit(main())
