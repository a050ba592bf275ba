"""Example requests for any model, made from its signature: the same for each seed.

TensorFlow Serving and Celsiusify tell a signature at /v1/models/NAME/metadata. Numbers are between 0 and 1 (pictures), whole
numbers from 0 to 99 (ids of any vocabulary), strings are sentences.
"""

import json
import math
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

SIDE = 224  # of pictures whose height and width are free
FREE = 8  # of other free dimensions but the first, which is rows
MOST, BYTES = 64, 4_000_000  # requests, and bytes of all of them together
TOLERANCE = 1e-4  # of an answer's largest number: runs of several rows, or on other CPUs, add up in another order

SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]


def _sentence(draw: random.Random) -> str:
    words = ("".join(draw.choices(SYLLABLES, k=draw.randint(2, 4))) for _ in range(draw.randint(5, 40)))
    return " ".join(words).capitalize() + "."


MAKERS: Mapping[str, Callable[[random.Random], object]] = {
    **dict.fromkeys(("DT_FLOAT", "DT_DOUBLE", "DT_HALF", "DT_BFLOAT16"), lambda draw: round(draw.random(), 3)),
    **dict.fromkeys(
        (f"DT_{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)), lambda draw: draw.randrange(100)
    ),
    "DT_BOOL": lambda draw: draw.random() < 0.5,
    "DT_STRING": _sentence,
}


def shape_of(tensor_shape: Mapping[str, Any], rows: int) -> list[int]:
    """Sizes for a shape as metadata has it: `rows` for a free first dimension. Raises ValueError for an unknown rank."""
    if tensor_shape.get("unknown_rank"):
        raise ValueError("an input of unknown rank")
    sizes = [int(dim["size"]) for dim in tensor_shape.get("dim", [])]
    free = SIDE if len(sizes) == 4 else FREE
    return [size if size >= 0 else rows if i == 0 else free for i, size in enumerate(sizes)]


def _tensor(draw: random.Random, make: Callable[[random.Random], object], shape: Sequence[int]) -> object:
    if not shape:
        return make(draw)
    return [_tensor(draw, make, shape[1:]) for _ in range(shape[0])]


def requests(metadata: Mapping[str, Any], rows: int, seed: int = 1) -> list[bytes]:
    """Bodies for :predict in column format: MOST of them, fewer where they are large, at least two.

    metadata: the answer to GET /v1/models/NAME/metadata. Raises ValueError or KeyError where it has no signature
    serving_default whose inputs can be made.
    """
    inputs = metadata["metadata"]["signature_def"]["signature_def"]["serving_default"]["inputs"]
    draw = random.Random(seed)
    makers = []
    for name, info in sorted(inputs.items()):
        if info["dtype"] not in MAKERS:
            raise ValueError(f"input {name} is {info['dtype']}, of which there are no examples")
        makers.append((name, MAKERS[info["dtype"]], shape_of(info["tensor_shape"], rows)))
    made: list[bytes] = []
    while len(made) < 2 or (len(made) < MOST and sum(map(len, made)) < BYTES):
        made.append(json.dumps({"inputs": {name: _tensor(draw, make, shape) for name, make, shape in makers}}).encode())
    return made


def same(first: object, answer: object) -> bool:
    """Whether two answers agree: the same structure and texts, numbers to TOLERANCE of the first's largest."""
    largest = max((abs(value) for value in _numbers(first)), default=0.0)
    return _same(first, answer, TOLERANCE * largest)


def _numbers(value: object) -> list[float]:
    if isinstance(value, list):
        return [number for item in value for number in _numbers(item)]
    if isinstance(value, dict):
        return _numbers(list(value.values()))
    return [value] if isinstance(value, int | float) and math.isfinite(value) else []


def _same(first: object, answer: object, off: float) -> bool:
    if isinstance(first, list) and isinstance(answer, list):
        return len(first) == len(answer) and all(_same(a, b, off) for a, b in zip(first, answer, strict=True))
    if isinstance(first, dict) and isinstance(answer, dict):
        return first.keys() == answer.keys() and all(_same(first[key], answer[key], off) for key in first)
    if isinstance(first, int | float) and isinstance(answer, int | float):
        return first == answer or abs(first - answer) <= off or (first != first and answer != answer)
    return first == answer
