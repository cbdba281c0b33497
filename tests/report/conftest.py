"""Invented comparisons, built once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from azsim.report.results import Comparison

sys.path.insert(0, str(Path(__file__).parent))

import invented


@pytest.fixture(scope="session")
def comparison() -> Comparison:
    """Six configurations, two tables, everything filled in."""
    return invented.comparison(utterances=12)


@pytest.fixture(scope="session")
def one_recording() -> Comparison:
    """One configuration, no references."""
    return invented.one_recording()


@pytest.fixture
def fast_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports with their smallest figure only, where figures are not what is tested."""
    from azsim.report import figures

    monkeypatch.setattr(figures, "FIGURES", figures.FIGURES[:1])
