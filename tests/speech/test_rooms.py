from __future__ import annotations

import numpy as np

from azsim.speech.rooms import RT60_RANGE_S, draw_room, reverberate


def test_direct_sound_comes_first_and_is_the_loudest() -> None:
    for seed in range(20):
        room = draw_room(np.random.default_rng(seed))
        assert RT60_RANGE_S[0] <= room.rt60_s <= RT60_RANGE_S[1]
        assert int(np.abs(room.response).argmax()) == 0


def test_reverberation_is_convolution() -> None:
    room = draw_room(np.random.default_rng(3))
    sound = np.random.default_rng(4).standard_normal(3000).astype(np.float32)
    expected = np.convolve(sound, room.response)[:3000]
    assert np.allclose(reverberate(sound, room), expected, atol=1e-4)


def test_the_tail_decays() -> None:
    room = draw_room(np.random.default_rng(5))
    late = len(room.response) * 3 // 4
    assert np.square(room.response[late:]).sum() < 0.02 * np.square(room.response[200:]).sum()
