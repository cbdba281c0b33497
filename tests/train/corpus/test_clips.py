from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from azsim.errors import InputError
from azsim.speech.features import SAMPLE_RATE_HZ, log_mel
from azsim.train.corpus import clips
from azsim.train.corpus.clips import (
    CLIP_PEAK,
    CLIP_S,
    KINDS,
    MEASURED,
    STRIDE_S,
    clip_items,
    measured_items,
    recorded_items,
)
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


def test_noise_to_measure_in_is_another(monkeypatch: pytest.MonkeyPatch, pool: NoisePool) -> None:
    monkeypatch.setattr(clips, "make_pool", lambda seed: pool)
    monkeypatch.setattr(clips, "CLIP_S", 1.0)
    heard = {features.tobytes() for _, features in clip_items(1, 40)}
    measured = list(measured_items(1, 40))
    assert {entry["split"] for entry, _ in measured} == {MEASURED}
    assert not heard & {features.tobytes() for _, features in measured}
    assert {entry["voice"] for entry, _ in measured} == {kind for kind in KINDS if kind != "music"}


def test_recorded_clips_leave_the_rest_for_measuring(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    length = int(SAMPLE_RATE_HZ * (CLIP_S + STRIDE_S))
    sound = np.concatenate([0.25 * rng.standard_normal(length), np.ones(5 * SAMPLE_RATE_HZ)]).clip(-1, 1)
    soundfile.write(tmp_path / "fan.wav", sound.astype(np.float32), SAMPLE_RATE_HZ, subtype="FLOAT")
    made = list(recorded_items([tmp_path / "fan.wav"], CLIP_S + STRIDE_S))
    assert [entry["id"] for entry, _ in made] == ["fan-0000", "fan-0001"]
    assert {entry["split"] for entry, _ in made} == {"noise-recorded"}
    part = sound[: int(CLIP_S * SAMPLE_RATE_HZ)].astype(np.float32)
    expected = log_mel(part * (CLIP_PEAK / float(np.abs(part).max()))).astype(np.float16)
    assert np.array_equal(made[0][1], expected)


@pytest.mark.parametrize("level", [0.0, 0.25])
def test_a_stretch_of_one_value_or_no_stretch_is_refused(tmp_path: Path, level: float) -> None:
    sound = np.full(int(SAMPLE_RATE_HZ * (CLIP_S + STRIDE_S)), level, np.float32)
    sound[: int(SAMPLE_RATE_HZ * STRIDE_S)] = 0.5
    soundfile.write(tmp_path / "gap.wav", sound, SAMPLE_RATE_HZ)
    with pytest.raises(InputError, match=rf"gap\.wav: holds nothing but {level:g} from 2 s on for 10 s"):
        list(recorded_items([tmp_path / "gap.wav"], 60.0))
    for until_s in (-1.0, 9.9, float("nan"), float("inf")):
        with pytest.raises(InputError, match=r"--until-s .*: must be at least the 10 s of a clip, and finite"):
            list(recorded_items([tmp_path / "gap.wav"], until_s))


def test_a_recording_too_short_for_a_clip_is_named(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "short.wav", np.full(SAMPLE_RATE_HZ, 0.5, np.float32), SAMPLE_RATE_HZ)
    with pytest.raises(InputError, match=r"short\.wav: 1\.0 s until --until-s 60; a clip takes 10 s"):
        list(recorded_items([tmp_path / "short.wav"], 60.0))


def test_two_recordings_of_one_name_are_refused(tmp_path: Path) -> None:
    paths = [tmp_path / "a" / "fan.wav", tmp_path / "b" / "fan.flac"]
    for given in (paths, [paths[0], paths[0]]):
        with pytest.raises(InputError, match=r"fan\.\w+: its clips would be named 'fan' as those of .*fan\.wav"):
            list(recorded_items(given, 60.0))
