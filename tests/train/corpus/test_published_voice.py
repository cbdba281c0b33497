"""The published embedding from weights of its layout, drawn; the filter bank and the parts against slow ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="trains with PyTorch, the extra `train`")

from azsim.errors import InputError  # noqa: E402
from azsim.speech.features import SAMPLE_RATE_HZ  # noqa: E402
from azsim.train.corpus.published_voice import (  # noqa: E402
    BANDS,
    LAYERS,
    PART_FRAMES,
    UNITS,
    VOICE_SIZE,
    WINDOW,
    PublishedVoice,
    part_starts,
    slaney_bank,
)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    lstm, linear = torch.nn.LSTM(BANDS, UNITS, LAYERS), torch.nn.Linear(UNITS, VOICE_SIZE)
    state = {f"lstm.{key}": value for key, value in lstm.state_dict().items()}
    state |= {f"linear.{key}": value for key, value in linear.state_dict().items()}
    state["similarity_weight"] = torch.ones(1)
    path = tmp_path_factory.mktemp("weights") / "pretrained.pt"
    torch.save({"model_state": state}, path)
    return path


def test_a_voice_has_length_one_and_silence_none(weights: Path, spoken: np.ndarray) -> None:
    teacher = PublishedVoice(weights)
    voice = teacher.embed(spoken)
    assert voice.shape == (VOICE_SIZE,)
    assert np.isclose(np.linalg.norm(voice), 1, atol=1e-5)
    assert (voice >= 0).all()
    assert not teacher.embed(np.zeros(8000, np.float32)).any()


def test_silence_around_it_changes_little(weights: Path, spoken: np.ndarray) -> None:
    teacher, quiet = PublishedVoice(weights), np.zeros(SAMPLE_RATE_HZ, np.float32)
    assert teacher.embed(spoken) @ teacher.embed(np.concatenate([quiet, spoken, quiet])) > 0.98


def test_the_filters_have_equal_areas_and_rise_on_slaneys_scale() -> None:
    bank = slaney_bank()
    assert bank.shape == (BANDS, WINDOW // 2 + 1)
    assert np.allclose(bank[20:].sum(axis=1) * SAMPLE_RATE_HZ / WINDOW, 1, atol=0.1)
    peaks = bank.argmax(axis=1) * SAMPLE_RATE_HZ / WINDOW
    assert (np.diff(peaks) >= 0).all()
    linear = np.diff(peaks[:12])
    assert np.allclose(linear, linear.mean(), atol=SAMPLE_RATE_HZ / WINDOW)


@pytest.mark.parametrize(("seconds", "parts"), [(0.3, 1), (1.6, 1), (2.2, 2), (4.0, 5)])
def test_parts_overlap_and_the_last_is_covered(seconds: float, parts: int) -> None:
    starts = part_starts(int(seconds * SAMPLE_RATE_HZ))
    assert starts[0] == 0
    assert len(starts) in (parts - 1, parts)
    assert (np.diff(starts) < PART_FRAMES).all()


def test_what_is_no_such_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.pt: not the weights of resemblyzer"):
        PublishedVoice(tmp_path / "none.pt")
    (tmp_path / "other.pt").write_bytes(b"no weights")
    with pytest.raises(InputError, match=r"other\.pt: not the weights"):
        PublishedVoice(tmp_path / "other.pt")
