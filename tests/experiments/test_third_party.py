"""Networks out of packages: their inputs are made of recordings; a package that is not there is said so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from azsim.errors import InputError
from experiments.third_party.feeds import recordings
from experiments.third_party.packages import CASES

SHAPES = {"input": (1, 576), "mel_window": (1, 80, 40), "input_features": (1, 80, 800)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_inputs_have_the_shapes_that_the_network_takes(case) -> None:
    streams, labels = case.feed(recordings(True)[:2])
    for stream in streams:
        for name, values in stream.items():
            assert values.shape[1:] == SHAPES[name]
            assert np.isfinite(values).all()
    if labels is not None:
        assert len(labels) == sum(len(values) for stream in streams for values in stream.values())
        assert 0 < labels.mean() < 1


def test_a_missing_package_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no wheel"):
        CASES[0].extracted(tmp_path, tmp_path)
