from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from azsim.train.corpus.voices import ENGINE_SHARE, TRAIN_VOICES, draw_engine, draw_voice, named_voice, speaker_of


def test_training_never_draws_an_unseen_speaker() -> None:
    rng = np.random.default_rng(0)
    assert not any(draw_voice(rng, draw_engine(rng)).unseen for _ in range(3000))


def test_engines_have_their_shares() -> None:
    rng = np.random.default_rng(1)
    counts = Counter(draw_engine(rng) for _ in range(4000))
    for engine, share in ENGINE_SHARE.items():
        assert counts[engine] / 4000 == pytest.approx(share, abs=0.03)


def test_a_voice_is_a_speaker_across_engines() -> None:
    assert speaker_of("flite:slt") == speaker_of("festival:cmu_us_slt_arctic_hts") == "slt"
    assert speaker_of("flite:kal16") == speaker_of("festival:kal_diphone") == "kal"
    assert speaker_of("espeak:en-gb-x-rp+f4") == "f4"


@pytest.mark.parametrize("engine", list(TRAIN_VOICES))
def test_label_names_the_speaker(engine: str) -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        voice = draw_voice(rng, engine)
        assert speaker_of(voice.label) == voice.speaker


def test_ked_is_unseen_and_no_training_voice() -> None:
    assert named_voice(np.random.default_rng(0), "festival", "ked_diphone").unseen
    assert "ked_diphone" not in TRAIN_VOICES["festival"]
