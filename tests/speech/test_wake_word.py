"""Where a wake word ends, for the state that is kept and for the one that is reset."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.speech.wake_word import after_wake_word, wake_outputs
from tests.conftest import random_network


@pytest.mark.parametrize(("wake_end_ms", "outputs"), [(0, 0), (29, 0), (31, 1), (89, 1), (91, 2), (600, 10)])
def test_the_boundary_is_the_nearest_and_the_same_both_ways(wake_end_ms: int, outputs: int):
    network = random_network(8)
    assert network.stack * network.steps_per_output == 6
    features = np.arange(100 * 64).reshape(100, 64)
    assert wake_outputs(network, wake_end_ms) == outputs
    assert np.array_equal(after_wake_word(network, features, wake_end_ms), features[6 * outputs :])
