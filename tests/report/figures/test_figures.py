"""Every figure draws what there is, leaves out what there is not, and touches nothing global."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from azsim.report.figures import FIGURES, DrawnFigure, draw_all
from azsim.report.figures.style import new_figure, plain_ticks, report_style, save_png, save_svg, write_figure
from azsim.report.figures.utterance import busy_share
from azsim.report.figures.wer_size import pareto_front
from azsim.report.results import Comparison
from azsim.report.write import FIGURE_NAMES
from azsim.soc.timeline import Span
from tests.report import invented


def global_settings() -> dict[str, object]:
    """matplotlib's settings but the backend, which resolves itself when it is looked at."""
    return {name: matplotlib.rcParams[name] for name in matplotlib.rcParams if name != "backend"}


def test_all_figures_of_a_whole_comparison(drawn: list[DrawnFigure]) -> None:
    assert [figure.kind.name for figure in drawn] == [kind.name for kind in FIGURES]
    assert all(figure.png.startswith(b"\x89PNG") for figure in drawn)
    texts = {figure.kind.name: "".join(ElementTree.fromstring(figure.svg).itertext()) for figure in drawn}
    assert "Word error rate, whole recording (%)" in texts["wer_size"]
    assert all("(" in text and ")" in text for text in texts.values())


def test_the_names_of_the_files_are_known_without_drawing() -> None:
    assert tuple(kind.name for kind in FIGURES) == FIGURE_NAMES


def test_one_recording_draws_what_makes_sense(one_recording: Comparison) -> None:
    before = global_settings()
    assert [figure.kind.name for figure in draw_all(one_recording)] == ["latency", "traffic", "utterance", "energy"]
    assert global_settings() == before


def test_nothing_to_show_draws_nothing() -> None:
    empty = Comparison("nothing", "", "az1", (), (), (), None, None, (), {}, ())
    assert draw_all(empty) == []


def test_rows_without_numbers_are_survived(comparison: Comparison) -> None:
    """One row lacks WER, latency and energy; another has a negative margin."""
    first, second, *rest = comparison.rows
    bare = dataclasses.replace(
        first,
        wer_percent=None,
        latency_p50_ms=None,
        latency_p90_ms=None,
        latency_parts_mean_ms={},
        energy_mj_per_utterance=None,
        energy_above_idle_mj_per_utterance=None,
        energy_above_idle_by_part_mj_per_utterance={},
    )
    saving = dataclasses.replace(second, energy_above_idle_by_part_mj_per_utterance={"cpu": -3.0, "dram": 1.0})
    mixed = dataclasses.replace(comparison, rows=(bare, saving, *rest), production_rows=())
    for kind in FIGURES:
        with report_style():
            assert kind.draw(mixed) is not None


@pytest.mark.parametrize("kind", FIGURES[:1], ids=lambda kind: kind.name)
def test_same_bytes_each_time(kind, comparison: Comparison) -> None:
    documents = []
    for _ in range(2):
        with report_style():
            figure = kind.draw(comparison)
            documents.append(save_svg(figure))
    assert documents[0] == documents[1]


def test_pareto_front_has_only_what_nothing_beats(comparison: Comparison) -> None:
    rows = comparison.rows
    front = pareto_front(rows)
    for row in rows:
        beaten = any(
            o.model_bytes <= row.model_bytes
            and o.wer_percent <= row.wer_percent
            and (o.model_bytes, o.wer_percent) != (row.model_bytes, row.wer_percent)
            for o in rows
        )
        assert (row in front) != beaten


def test_busy_share_keeps_the_time() -> None:
    random = np.random.default_rng(1)
    starts = random.integers(0, 900, 50).tolist()
    spans = [Span("npu", "x", start, start + 37) for start in starts]
    share = busy_share(spans, 1000, 8)
    assert float(share.sum()) * 125 == pytest.approx(50 * 37)


def test_long_names_and_markup_are_text() -> None:
    odd = dataclasses.replace(invented.TRAINED[0], name="<b>$x_1$ & " + "long " * 8)
    found = invented.comparison([odd], [], utterances=3)
    with report_style():
        figure = FIGURES[0].draw(found)
        assert figure is not None
        assert b"&lt;b&gt;$x_1$ &amp;" in save_svg(figure)


def test_logarithmic_axes_show_plain_numbers() -> None:
    with report_style():
        figure = new_figure(2.0)
        axes = figure.subplots()
        axes.loglog([0.1, 1000], [1, 100])
        plain_ticks(axes)
        drawn = save_svg(figure).decode()
    assert "mathdefault" not in drawn
    assert [axes.xaxis.get_major_formatter()(value) for value in (0.1, 1000.0)] == ["0.1", "1000"]


def test_a_figure_is_written_as_svg_and_png(tmp_path: Path) -> None:
    with report_style():
        figure = new_figure(2.0)
        figure.subplots().plot([1, 2])
        write_figure(figure, "line", tmp_path)
        assert (tmp_path / "line.svg").read_bytes() == save_svg(figure)
        assert (tmp_path / "line.png").read_bytes() == save_png(figure)
    assert len(list(tmp_path.iterdir())) == 2
