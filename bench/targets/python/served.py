"""A SavedModel as the Python servers here hold it: loaded once, its signature called directly, NumPy in and out."""

import time
from typing import Any

import numpy as np
import tensorflow as tf


class Served:
    """The signature serving_default, of one input and one output.

    dtype: NumPy's type of the input; `object` for strings.
    rank: how many dimensions the input has, the first one being rows.
    run_s: what one run of one row takes, in seconds, once it is warm.
    """

    def __init__(self, folder: str) -> None:
        """Load the SavedModel in `folder` (a version's) and run it, since the first runs trace and are slow."""
        self._model = tf.saved_model.load(folder)  # the signature does not keep it alive
        self._signature = self._model.signatures["serving_default"]
        ((self._input, spec),) = self._signature.structured_input_signature[1].items()
        (self._output,) = self._signature.structured_outputs
        self.dtype = spec.dtype.as_numpy_dtype
        self.rank = spec.shape.rank
        row = np.zeros([1, *spec.shape[1:]], self.dtype)
        zero = tf.constant([""]) if self.dtype is object else tf.constant(row)
        for _ in range(3):
            started = time.perf_counter()
            self._signature(**{self._input: zero})[self._output].numpy()
            self.run_s = time.perf_counter() - started

    def predict(self, instances: Any) -> np.ndarray:
        """`instances`: rows, as lists within lists or as an array. Returns the output's rows."""
        rows = instances if self.dtype is object else np.asarray(instances, self.dtype)
        return self._signature(**{self._input: tf.constant(rows)})[self._output].numpy()
