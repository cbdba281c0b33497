"""Networks out of packages: their inputs are made of recordings; a package that is not there is said so."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from azsim.errors import InputError
from experiments.third_party.other_feeds import wake_recordings
from experiments.third_party.packages import CASES, PackagedNetwork

SHAPES = {
    "silero vad": (1, 576),
    "speaker embedding": (1, 80, 40),
    "smart turn": (1, 80, 800),
    "microWakeWord": (1, 3, 40),
    "openWakeWord embedding": (1, 76, 32, 1),
    "text direction": (1, 3, 48, 192),
}
NEEDED = {"microWakeWord": ("pymicro_wakeword",), "openWakeWord embedding": ("pyopen_wakeword", "ai_edge_litert")}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_inputs_have_the_shapes_that_the_network_takes(case: PackagedNetwork) -> None:
    for module in NEEDED.get(case.name, ()):
        pytest.importorskip(module)
    if case.source is wake_recordings and not Path(os.environ.get("AZSIM_DATA") or "/nonexistent").is_dir():
        pytest.skip("AZSIM_DATA names no recordings")
    streams, labels = case.feed(case.source(True)[:2])
    for stream in streams:
        (values,) = stream.values()
        assert values.shape[1:] == SHAPES[case.name.split(",")[0]]
        assert np.isfinite(values).all()
    if labels is not None:
        steps = sum(len(values) for stream in streams for values in stream.values())
        assert len(labels) in (steps, len(streams))
        assert 0 < labels.mean() < 1


def test_a_missing_package_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no wheel"):
        CASES[0].extracted(tmp_path, tmp_path)
