"""The posteriors of a stream do not depend on how it was cut, and are those of the whole."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.nn.graph.executor import Executor, Model
from azsim.speech.endpointing.voice_activity import MOST, VoiceActivity, scaled, scaled_steps
from tests.speech.endpointing.graphs import activity_network

NETWORK = activity_network()
MODEL = Model.in_integers(NETWORK)
FRAMES = np.random.default_rng(6).uniform(-16, 22, (100, 64)).astype(np.float32)


@given(st.lists(st.integers(0, 40), max_size=8))
@settings(max_examples=25, deadline=None)
def test_posteriors_do_not_depend_on_the_pieces(lengths: list[int]) -> None:
    whole = VoiceActivity(MODEL, NETWORK).feed(FRAMES)
    pieces, stream, at = [], VoiceActivity(MODEL, NETWORK), 0
    for length in (*lengths, len(FRAMES)):
        pieces.append(stream.feed(FRAMES[at : at + length]))
        at += length
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    assert whole.shape == (33, 2)


def test_they_are_what_the_graph_computes_of_the_scaled_steps() -> None:
    source, target = NETWORK.grids["frames"], NETWORK.grids["posteriors"]
    fed = source.quantise(scaled_steps(FRAMES))
    wanted = target.restore(Executor(MODEL).push({"frames": fed})["posteriors"])
    np.testing.assert_array_equal(VoiceActivity(MODEL, NETWORK).feed(FRAMES), wanted)


def test_digital_silence_and_full_scale_are_held() -> None:
    assert np.abs(scaled(np.array([[-16.0] * 64, [40.0] * 64]))).max() == MOST
    np.testing.assert_allclose(scaled(np.full((1, 64), 14.0)), 1.0)
