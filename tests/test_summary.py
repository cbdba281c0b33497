"""Everything that the public functions give back is shown in one line and in a small table."""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np
import pytest

import azsim
from azsim.resources import shipped
from azsim.summary import LONGEST_TEXT, Summarised

LONGEST_LINE = 300


class Thing(Summarised):
    def facts(self) -> dict[str, object]:
        name, share = "<b>" + 100 * "n", np.float32(0.123456)
        return {"name": name, "size_bytes": 1234567, "share": share, "shape": (3, 4), "no": None}


def test_numbers_are_rounded_and_texts_are_cut() -> None:
    said = repr(Thing())
    assert said.startswith("<Thing name='<b>nnn")
    assert said.endswith("...' size_bytes=1234567 share=0.1235 shape=3x4 no=–>")
    assert len(said) < LONGEST_TEXT + 80


def test_a_notebook_gets_a_table_in_which_nothing_is_markup() -> None:
    shown = Thing()._repr_html_()
    assert "<b>" not in shown
    assert "1,234,567" in shown
    parser = HTMLParser()
    parser.feed(shown)
    parser.close()


@pytest.fixture(scope="module")
def things() -> dict[str, object]:
    """One of everything that `import azsim` leads to."""
    device, network = azsim.load_device("az1"), azsim.load_network("rnnt-5bit-50")
    small = azsim.compress(network, weight_bits=5, sparsity=0.5, codec="zvsv")
    result = azsim.run(device, small, shipped("experiments", "speech/test-seen-001.flac"))
    weights = small.decoded["encoder.1.recurrent"]
    statistics = azsim.measure(small)
    return {
        "device": device,
        "network": network,
        "compressed": small,
        "matrix": small.matrices["joint.output"],
        "result": result,
        "metrics": result.metrics,
        "timeline": result.timeline,
        "word": result.words[0],
        "encoded": azsim.encode(weights, codec="zvsv", weight_bits=5),
        "cost": azsim.matvec(device, weights, np.ones(weights.shape[1], np.int8)),
        "statistics": statistics,
        "estimate": azsim.estimate(device, statistics),
    }


def test_each_is_shown_in_a_line(things: dict[str, object]) -> None:
    for name, thing in things.items():
        line = repr(thing)
        assert len(line) <= LONGEST_LINE, name
        assert "\n" not in line
        assert type(thing).__name__ in line


def test_what_is_large_has_a_table(things: dict[str, object]) -> None:
    for name, thing in things.items():
        if name not in ("word",):
            assert 50 < len(thing._repr_html_()) < 4000, name


def test_a_result_says_what_was_heard_and_when(things: dict[str, object]) -> None:
    result = things["result"]
    assert result.transcript in repr(result)
    assert f"{result.metrics.latency_p50_ms:.4g}" in repr(result)
