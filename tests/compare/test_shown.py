"""Which utterance is shown follows a rule, not a name."""

from __future__ import annotations

from types import SimpleNamespace

from azsim.compare.shown import first, typical


def utterance(reference: str, audio_ms: int) -> SimpleNamespace:
    return SimpleNamespace(reference=reference, audio_ms=audio_ms, name="the same for all")


def heard(text: str, end_pointing_ms: int | None = 100, premature: bool = False) -> SimpleNamespace:
    work = SimpleNamespace(end_pointing_ms=end_pointing_ms, premature=premature)
    return SimpleNamespace(transcript=SimpleNamespace(text=text), work=work)


def test_the_median_of_those_that_are_right() -> None:
    spoken = [utterance("turn it on", length) for length in (3000, 1000, 2000, 9000, 500, 700, 400)]
    found = [
        heard("Turn it on."),
        heard("turn it on"),
        heard("turn it on"),
        heard("turn it off"),
        heard("turn it on", end_pointing_ms=None),
        heard("turn"),
        heard("turn it on", premature=True),
    ]
    chosen = typical(spoken, found)
    assert chosen.index == 2
    assert chosen.why == "of median length among the 3 delivered without a word error"


def test_the_median_of_all_if_none_is_right() -> None:
    spoken = [utterance("", 3000), utterance("on", 1000), utterance("", 2000)]
    chosen = typical(spoken, [heard("")] * 3)
    assert chosen.index == 2
    assert "none was delivered without a word error" in chosen.why


def test_the_first_is_the_first_even_if_names_coincide() -> None:
    spoken = [utterance("", 1), utterance("", 2)]
    assert first(spoken, [heard("a"), heard("b")]).index == 0
