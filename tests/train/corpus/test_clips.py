from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from azsim.train.corpus import clips
from azsim.train.corpus.clips import KINDS, clip_items
from azsim.train.corpus.scene import NoisePool


def test_a_round_of_clips_holds_every_kind(monkeypatch: pytest.MonkeyPatch, pool: NoisePool) -> None:
    monkeypatch.setattr(clips, "make_pool", lambda seed: pool)
    monkeypatch.setattr(clips, "CLIP_S", 1.0)
    made = list(clip_items(1, len(KINDS)))
    assert Counter(entry["split"] for entry, _ in made) == {"noise": 8, "music": 4}
    assert {entry["voice"] for entry, _ in made} == set(KINDS)
    for _, features in made:
        assert features.shape == (98, 64)
        assert np.isfinite(features).all()
