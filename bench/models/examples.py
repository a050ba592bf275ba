"""Example inputs, the same on every run: numbers that JSON holds exactly as float32, so that all servers get the same."""

import numpy as np

SEED = 7
SIDE = 224


def token_ids(rows: int, length: int, vocabulary: int) -> np.ndarray:
    """int32 [rows, length], below `vocabulary`."""
    return np.random.default_rng(SEED).integers(0, vocabulary, (rows, length), np.int32)


def pictures(count: int, digits: int = 5) -> np.ndarray:
    """float32 [count, 224, 224, 3] from 0 to 1, of so many decimal digits: waves of several sizes, directions and colours.

    Noise alone would not do: to a network that averages over the picture one noise is like the other.
    """
    random = np.random.default_rng(SEED)
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    made = np.zeros((count, SIDE, SIDE, 3))
    for picture in made:
        for _ in range(4):
            direction, phase = random.uniform(0, 2 * np.pi, 2)
            waves = np.exp(random.uniform(0, 4))
            wave = np.sin(2 * np.pi * waves * (x * np.cos(direction) + y * np.sin(direction)) + phase)
            picture += wave[..., None] * random.uniform(-1, 1, 3)
        picture += random.normal(0, 0.2, picture.shape) + random.uniform(-1, 1, 3)
    return np.clip(made / 6 + 0.5, 0, 1).round(digits).astype(np.float32)


def words(count: int) -> list[str]:
    """So many words that differ, of two to four syllables."""
    random = np.random.default_rng(SEED)
    syllables = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
    made: dict[str, None] = {}
    while len(made) < count:
        made["".join(random.choice(syllables, random.integers(2, 5)))] = None
    return list(made)


def sentences(count: int) -> list[str]:
    """Sentences of 5 to 60 words with capitals and full stops; one word in ten is in no vocabulary."""
    random = np.random.default_rng(SEED + 1)
    known = words(2_000)

    def word() -> str:
        return "qu" + random.choice(known) if random.random() < 0.1 else random.choice(known)

    return [" ".join(word() for _ in range(random.integers(5, 61))).capitalize() + "." for _ in range(count)]
