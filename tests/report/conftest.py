"""Invented comparisons, built once."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from azsim.report import figures
from azsim.report.figures import DrawnFigure, FigureKind, draw_all
from azsim.report.results import Comparison
from tests.report import invented


@pytest.fixture(scope="session")
def comparison() -> Comparison:
    """Six configurations, two tables, everything filled in."""
    return invented.comparison(utterances=12)


@pytest.fixture(scope="session")
def one_recording() -> Comparison:
    """One configuration, no references."""
    return invented.one_recording()


@pytest.fixture(scope="session")
def drawn(comparison: Comparison) -> list[DrawnFigure]:
    """All figures of ``comparison``, drawn once."""
    return draw_all(comparison)


@pytest.fixture
def fast_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports with a figure that takes no time, where figures are not what is tested."""
    blank = FigureKind("blank", "Blank", "Nothing.", lambda comparison, layout: Figure(figsize=(1, 1)))
    monkeypatch.setattr(figures, "FIGURES", (blank,))
