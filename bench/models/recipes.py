"""The models: public architectures with random weights from a fixed seed. What they answer means nothing.

Each recipe returns a Recipe: something that TensorFlow saves, and the inputs of a few example requests.
"""

from dataclasses import dataclass
from typing import Any, Callable

import keras
import numpy as np
import tensorflow as tf

import examples

SEED = 20_261_126


@dataclass(frozen=True)
class Recipe:
    """A built model.

    save: writes the SavedModel into a folder that does not exist yet.
    inputs: one value for each example request, as the signature's only input takes it (a batch of rows, or a scalar).
    note: what it is, in one line.
    """

    save: Callable[[str], None]
    inputs: list[Any]
    note: str


VOCABULARY = 8_000
LENGTH = 128
LAYERS, WIDTH, HEADS, HIDDEN = 4, 256, 4, 1_024


def encoder() -> Recipe:
    """Transformer encoder with pre-normalisation: ids int32 [batch, 128] to the mean of its positions, float32 [batch, 256]."""
    layers = keras.layers
    ids = keras.Input([LENGTH], dtype="int32", name="ids")
    places = tf.range(LENGTH)
    x = layers.Embedding(VOCABULARY, WIDTH, name="tokens")(ids)
    x = x + layers.Embedding(LENGTH, WIDTH, name="positions")(places)
    for i in range(LAYERS):
        normed = layers.LayerNormalization(name=f"norm_attention_{i}")(x)
        attention = layers.MultiHeadAttention(HEADS, WIDTH // HEADS, name=f"attention_{i}")
        x = x + attention(normed, normed)
        normed = layers.LayerNormalization(name=f"norm_dense_{i}")(x)
        hidden = layers.Dense(HIDDEN, activation="gelu", name=f"hidden_{i}")(normed)
        x = x + layers.Dense(WIDTH, name=f"dense_{i}")(hidden)
    x = layers.LayerNormalization(name="norm")(x)
    vector = layers.GlobalAveragePooling1D(name="vector")(x)
    shape = f"{LAYERS} layers of {WIDTH}, {HEADS} heads, {HIDDEN} hidden, vocabulary {VOCABULARY:,}"
    return Recipe(
        _exporter(keras.Model(ids, vector)),
        [row[None] for row in examples.token_ids(4, LENGTH, VOCABULARY)],
        f"transformer encoder: ids int32 [batch, {LENGTH}], {shape}; float32 [batch, {WIDTH}]",
    )


def mobilenet_v2() -> Recipe:
    """Keras' MobileNetV2: pictures float32 [batch, 224, 224, 3] to probabilities float32 [batch, 1000]."""
    return _pictures(keras.applications.MobileNetV2, "MobileNetV2")


def resnet50() -> Recipe:
    """Keras' ResNet-50: pictures float32 [batch, 224, 224, 3] to probabilities float32 [batch, 1000]."""
    return _pictures(keras.applications.ResNet50, "ResNet-50")


def _pictures(build: Callable[..., keras.Model], name: str) -> Recipe:
    model = build(weights=None)
    _settle_batch_norms(model)
    one_by_one = [picture[None] for picture in examples.pictures(4)]
    # two rows, and all of a float32's digits: a body of 3 MB
    pair = examples.pictures(2, digits=8)
    return Recipe(
        _exporter(model),
        [*one_by_one, pair],
        f"Keras' {name}: pictures float32 [batch, 224, 224, 3] between 0 and 1; probabilities float32 [batch, 1000]",
    )


def _settle_batch_norms(model: keras.Model) -> None:
    """Give batch norms the scales and shifts of a trained network, and statistics that are true of these weights.

    As Keras starts them (mean 0, variance 1, scale 1) the activations of a deep random network fade or blow up from layer
    to layer, and its answers hardly depend on the picture. With statistics alone it is chaotic: rounding errors grow a
    hundredfold on their way. Shifts that keep most units on, and residual branches that add little, make it as steady as
    a trained one: a change of 1e-6 in the picture changes the answers by some 5e-6 of the largest.
    """
    random = np.random.default_rng(SEED)
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for norm in norms:
        ends_branch = norm.name.endswith(("_3_bn", "project_BN"))  # no rectifier follows
        scale, shift = (0.3, 0.0) if ends_branch else (1.0, 1.0)
        norm.gamma.assign(random.uniform(0.5, 1.5, norm.gamma.shape) * scale)
        norm.beta.assign(random.normal(shift, 0.1, norm.beta.shape))
        norm.momentum = 0.0  # the statistics of the next batch replace the old ones
    model(examples.pictures(16), training=True)
    for norm in norms:
        norm.momentum = 0.99
    # the last layer's weights so large that the classes' probabilities differ
    kernel = model.layers[-1].kernel
    kernel.assign(kernel * 3)


def text() -> Recipe:
    """Text classifier: strings [batch] to probabilities float32 [batch, 4]; words are looked up in a hash table."""
    layers = keras.layers
    sentence = keras.Input([], dtype="string", name="text")
    vectorize = layers.TextVectorization(vocabulary=examples.words(VOCABULARY - 2), output_sequence_length=64)
    x = layers.Embedding(VOCABULARY, 64)(vectorize(sentence))
    x = layers.GlobalAveragePooling1D()(x)
    x = layers.Dense(64, activation="relu")(x)
    scores = layers.Dense(4, activation="softmax", name="scores", kernel_initializer=keras.initializers.RandomNormal(0, 4))
    return Recipe(
        _exporter(keras.Model(sentence, scores(x))),
        [np.array([sentence.encode()]) for sentence in examples.sentences(8)],
        f"text classifier: strings [batch], words in a hash table of {VOCABULARY - 2:,}; float32 [batch, 4]",
    )


class Slow(tf.Module):
    """A loop whose number of turns is the input: each a product of two matrices of 512 × 512, some 5 ms of one core."""

    SIZE = 512
    TURNS = (1, 5, 10, 20, 30, 40, 50, 60, 80, 100, 120, 160, 200, 300, 400)

    def __init__(self) -> None:
        orthogonal, _ = np.linalg.qr(np.random.default_rng(SEED).normal(size=(self.SIZE, self.SIZE)))
        self.matrix = tf.Variable(orthogonal.astype(np.float32))

    @tf.function(input_signature=[tf.TensorSpec([], tf.int32, "turns")])
    def burn(self, turns: tf.Tensor) -> dict[str, tf.Tensor]:
        """turns int32 [] to value float32 [8]: some of what is left after so many turns."""
        step = lambda i, x: (i + 1, tf.matmul(self.matrix, x))  # orthogonal, so that nothing grows or fades
        _, x = tf.while_loop(lambda i, x: i < turns, step, [0, tf.eye(self.SIZE)])
        return {"value": x[0, :8]}


def slow() -> Recipe:
    """See Slow."""
    module = Slow()
    return Recipe(
        lambda folder: tf.saved_model.save(module, folder, signatures=module.burn),
        [np.array(turns, np.int32) for turns in Slow.TURNS],
        f"a loop of `turns` (int32, a scalar) products of two matrices of {Slow.SIZE} × {Slow.SIZE}",
    )


class Big(tf.Module):
    """16 dense layers of 4,096: 1 GiB of variables."""

    LAYERS, WIDTH = 16, 4_096

    def __init__(self) -> None:
        random = np.random.default_rng(SEED)
        scale = np.float32((2 / self.WIDTH) ** 0.5)  # keeps the size of what passes a rectifier
        shape = (self.WIDTH, self.WIDTH)
        self.kernels = [
            tf.Variable(random.standard_normal(shape, np.float32) * scale, name=f"kernel_{i}") for i in range(self.LAYERS)
        ]

    @tf.function(input_signature=[tf.TensorSpec([None, 8], tf.float32, "features")])
    def run(self, features: tf.Tensor) -> dict[str, tf.Tensor]:
        """features float32 [batch, 8] to scores float32 [batch, 8]."""
        x = tf.tile(features, [1, self.WIDTH // 8])
        for kernel in self.kernels:
            x = tf.nn.relu(tf.matmul(x, kernel))
        return {"scores": x[:, :8]}


def big() -> Recipe:
    """See Big."""
    module = Big()
    inputs = np.random.default_rng(SEED).uniform(-1, 1, (2, 1, 8)).round(3).astype(np.float32)
    return Recipe(
        lambda folder: tf.saved_model.save(module, folder, signatures=module.run),
        list(inputs),
        f"{Big.LAYERS} dense layers of {Big.WIDTH:,}: 1 GiB of variables",
    )


def _exporter(model: keras.Model) -> Callable[[str], None]:
    return lambda folder: model.export(folder, verbose=False)


RECIPES: dict[str, Callable[[], Recipe]] = {
    "encoder": encoder,
    "mobilenet_v2": mobilenet_v2,
    "resnet50": resnet50,
    "text": text,
    "slow": slow,
    "big": big,
}
