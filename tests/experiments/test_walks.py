"""Walks through the house: they reach their points, and say so where they do not."""

from __future__ import annotations

import pytest

from tests.test_house import ROOT

walks = pytest.importorskip("experiments.walks", reason="the experiments travel with the source")


@pytest.mark.parametrize("name", ["weight → bits → product", "device key → cycle"])
def test_a_walk_passes_its_points(name: str) -> None:
    run, points = walks.WALKS[name]
    met = walks.passed(run, points)
    assert {module for module, _ in points} <= set(met)
    assert len(met) == len(set(met))
    assert all((ROOT / module).is_file() for module in met)


def test_every_point_is_a_function_of_its_module() -> None:
    for _, points in walks.WALKS.values():
        for module, function in points:
            assert f"def {function}(" in (ROOT / module).read_text(encoding="utf-8"), (module, function)


def test_a_point_that_is_not_reached_is_named() -> None:
    with pytest.raises(RuntimeError, match=r"not reached: soc/npu\.py\.run"):
        walks.passed(lambda: None, [("soc/npu.py", "run")])
