"""Writes a SavedModel of 10 MB: two dense layers of 1,130 numbers, random weights from a fixed seed."""

import os
import sys
from pathlib import Path

WIDTH = 1130  # two matrices of WIDTH × WIDTH float32 are 10.2 MB


def main(folder: Path) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf

    generator = tf.random.Generator.from_seed(17)

    class Dense(tf.Module):
        def __init__(self) -> None:
            scale = WIDTH**-0.5
            self.first = tf.Variable(generator.normal([WIDTH, WIDTH]) * scale)
            self.second = tf.Variable(generator.normal([WIDTH, WIDTH]) * scale)

        @tf.function(input_signature=[tf.TensorSpec([None, 1], tf.float32, name="x")])
        def serve(self, x):
            hidden = tf.nn.relu(tf.matmul(tf.tile(x, [1, WIDTH]), self.first))
            return {"y": tf.reduce_mean(tf.matmul(hidden, self.second), axis=1)}

    model = Dense()
    tf.saved_model.save(model, str(folder), signatures={"serving_default": model.serve})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
