"""Whether the CPU's dot product is used follows what numba compiles for; `tests.nn.test_product` checks the sums."""

from __future__ import annotations

import numba
import pytest

from azsim.nn import vnni


@pytest.mark.parametrize(
    ("features", "wanted"),
    [
        ({"avx512f", "avx512bw", "avx512vl", "avx512vnni"}, 64),
        ({"avx2", "avxvnni"}, 32),
        ({"avx512f", "avx512bw"}, 0),
        ({"neon"}, 0),
    ],
)
def test_the_widest_that_there_is(monkeypatch: pytest.MonkeyPatch, features: set[str], wanted: int) -> None:
    monkeypatch.setattr(numba.config, "CPU_NAME", None)
    monkeypatch.setattr(numba.config, "CPU_FEATURES", None)
    monkeypatch.setattr(vnni, "get_host_cpu_features", lambda: dict.fromkeys(features, True) | {"avx512fp16": False})
    assert vnni.vector_bytes() == wanted


def test_another_target_than_this_cpu_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba.config, "CPU_NAME", "generic")
    monkeypatch.setattr(numba.config, "CPU_FEATURES", None)
    assert vnni.vector_bytes() == 0
    monkeypatch.setattr(numba.config, "CPU_FEATURES", "+avx2,+avxvnni,-avx512f")
    assert vnni.vector_bytes() == 32


def test_without_a_compiler_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba.config, "DISABLE_JIT", True)
    assert vnni.vector_bytes() == 0
