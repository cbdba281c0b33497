"""Windows of speech to embeddings, in integers and in float."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.nn.graph.executor import Model
from azsim.speech.speaker.embedder import Embedder, VoiceWindows, in_float, in_integers, unit
from tests.speech.speaker.voices import WINDOW, frames_of, voice_network


def network() -> VoiceWindows:
    integers = voice_network()
    return in_integers(Model.in_integers(integers), integers)


def heard(frames: np.ndarray, cuts: list[int], own: VoiceWindows) -> Embedder:
    embedder = Embedder(own)
    for piece in np.split(frames, cuts):
        embedder.feed(piece)
    return embedder


FRAMES = np.concatenate([frames_of(-1, 40), frames_of(0, 100), frames_of(-1, 50), frames_of(1, 80)])


@pytest.mark.parametrize("cuts", [[1, 2, 77], [100, 101, 200], list(range(10, 270, 10))])
def test_cuts_change_nothing(cuts: list[int]) -> None:
    whole, pieces = heard(FRAMES, [], network()), heard(FRAMES, cuts, network())
    assert whole.spoken == pieces.spoken
    assert whole.ends == pieces.ends
    assert np.array_equal(whole.windows, pieces.windows)


def test_a_window_is_so_many_steps_with_speech() -> None:
    embedder = heard(FRAMES, [], network())
    assert len(embedder.windows) == len(embedder.spoken) // WINDOW
    assert embedder.ends == embedder.spoken[WINDOW - 1 :: WINDOW]
    assert all(np.isclose(np.linalg.norm(each), 1) for each in embedder.windows)


def test_integers_are_near_the_float() -> None:
    own, exact = heard(FRAMES, [], network()), heard(FRAMES, [], in_float(voice_network().graph))
    assert all(one @ other > 0.99 for one, other in zip(own.windows, exact.windows, strict=True))


def test_two_voices_are_apart_and_silence_has_none() -> None:
    one, other = (heard(frames_of(voice, 120), [], network()).voice for voice in (0, 1))
    assert one is not None
    assert one @ other < -0.9
    assert heard(frames_of(-1, 120), [], network()).voice is None


def test_the_length_of_a_vector_becomes_one_where_it_has_one() -> None:
    assert np.allclose(unit(np.array([3, 4])), [0.6, 0.8])
    assert not unit(np.zeros(3)).any()
