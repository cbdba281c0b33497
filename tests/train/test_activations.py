"""Grids that are calibrated once, on training speech, and kept."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra `train`")


from azsim.nn.rnnt.formats import Formats, LstmFormat
from azsim.train import activations
from azsim.train.activations import CALIBRATION_UTTERANCES, ChipActivations
from azsim.train.data import REAL_TRAIN, TRAIN

SCALES = {f"encoder.{i}.{part}": scale for i in range(3) for part, scale in (("cell", 2.0**-10), ("hidden", 2.0**-7))}
SCALES |= {"prediction.0.cell": 2.0**-12, "prediction.0.hidden": 2.0**-8, "features": 4 / 127, "joint.hidden": 2.0**-7}


def spoken(count: int, first: int) -> list[SimpleNamespace]:
    return [SimpleNamespace(features=np.full((2, 64), first + k, np.float16)) for k in range(count)]


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Which recordings the calibration was given."""
    given: list[int] = []

    def calibrated(network: object, features: list[np.ndarray]) -> dict[str, float]:
        given.extend(int(each[0, 0]) for each in features)
        assert all(each.dtype == np.float32 for each in features)
        return dict(SCALES)

    monkeypatch.setattr(activations, "calibrate", calibrated)
    return given


def test_training_speech_is_heard_evenly_and_nothing_else(heard: list[int]):
    model = SimpleNamespace(chip=None)
    splits = {TRAIN: spoken(300, 0), REAL_TRAIN: spoken(100, 300), "dev-seen": spoken(50, 1000)}
    ChipActivations(model).begin(None, splits, is_resumed=False)
    assert len(heard) == CALIBRATION_UTTERANCES
    assert (heard[0], heard[-1]) == (0, 399)
    assert set(np.diff(heard)) <= {4, 5}
    heard.clear()
    ChipActivations(model).begin(None, {TRAIN: spoken(3, 0)}, is_resumed=False)
    assert heard == [0, 1, 2]


def test_the_model_computes_on_the_grids_that_the_network_will_carry(heard: list[int], make_network):
    from dataclasses import replace

    model = SimpleNamespace(chip=None)
    mechanism = ChipActivations(model)
    mechanism.begin(None, {TRAIN: spoken(3, 0)}, is_resumed=False)
    assert mechanism.scales() == SCALES
    assert model.chip.feature_scale == 4 / 127
    assert model.chip.lstm["prediction.0"] == LstmFormat(12, 8)
    exported = replace(make_network(1), activation_scales=mechanism.scales())
    assert Formats.of(exported).lstm == model.chip.lstm


def test_a_resumed_run_keeps_them_without_hearing_anything(heard: list[int]):
    first, second = SimpleNamespace(chip=None), SimpleNamespace(chip=None)
    mechanism, resumed = ChipActivations(first), ChipActivations(second)
    mechanism.begin(None, {TRAIN: spoken(3, 0)}, is_resumed=False)
    heard.clear()
    resumed.begin(None, {TRAIN: spoken(3, 0)}, is_resumed=True)
    assert not heard
    assert second.chip is None
    resumed.restore(mechanism.state())
    assert resumed.scales() == SCALES
    assert second.chip == first.chip
