"""Small networks and what they hear, for the tests of searches."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from azsim.compress.network import CompressedNetwork
from azsim.compress.recipe import compress
from azsim.nn.rnnt.integer_rnnt import Encoder, IntegerModel
from azsim.nn.rnnt.network import SENTENCE_END, Network
from tests.conftest import random_network


def encoded(model: IntegerModel, seed: int, steps: int) -> np.ndarray:
    """Encoder outputs of random steps."""
    drawn = np.random.default_rng(seed).integers(-127, 128, (steps, model.step_columns)).astype(np.int8)
    return Encoder(model).push(drawn)


@lru_cache(maxsize=32)
def network(seed: int, pieces: int = 11, end: int = 0, predictor: tuple[int, ...] = (9,)) -> CompressedNetwork:
    """A random network of so many pieces; one of them ends a sentence if ``end`` is not 0."""
    whole = random_network(seed, predictor=predictor)
    kept = [SENTENCE_END if label == end and end else piece for label, piece in enumerate(whole.pieces[:pieces])]
    return compress(replace(whole, pieces=tuple(kept), parameters=_cut(whole, pieces)), weight_bits=8)


def _cut(whole: Network, pieces: int) -> dict[str, np.ndarray]:
    by_label = ("prediction.embedding", "joint.output", "joint.output_bias")
    return {name: value[:pieces] if name in by_label else value for name, value in whole.parameters.items()}
