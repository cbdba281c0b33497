"""Word error rates against a plain-Python reference, and the bootstrap's invariants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from azsim.report.wer import bootstrap_difference, bootstrap_wer, count_edits, count_errors, normalise, wer_percent

WORDS = st.lists(st.sampled_from(["on", "off", "the", "light", "lamp"]), max_size=6)


def edit_distance(said: list[str], heard: list[str]) -> int:
    """Levenshtein by its definition."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, start=1):
        previous, row[0] = row[0], i
        for j, other in enumerate(heard, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (word != other))
    return row[-1]


@settings(max_examples=40, deadline=None)
@given(WORDS, WORDS)
def test_errors_are_the_edit_distance(said: list[str], heard: list[str]) -> None:
    counts = count_errors([" ".join(said)], [" ".join(heard)])
    assert counts.tolist() == [[edit_distance(said, heard), len(said)]]


def test_edits_are_told_apart() -> None:
    said = ["turn on the light", "turn on the light", "the light", "", "on"]
    heard = ["turn on", "turn off the", "the the light", "light on", "on"]
    edits = [[0, 2, 0, 4], [1, 1, 0, 4], [0, 0, 1, 2], [0, 0, 2, 0], [0, 0, 0, 1]]
    assert count_edits(said, heard).tolist() == edits


def test_case_and_punctuation_do_not_count() -> None:
    assert normalise("What\u2019s  the Weather, tomorrow?") == "what's the weather tomorrow"
    assert count_errors(["Call Grandma!"], ["call grandma"]).tolist() == [[0, 2]]


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("Caf\u00e9 cr\u00e8me", "cafe\u0301 cre\u0300me"),  # composed and decomposed
        ("it\u2019s don\u02bct o\u00b4clock", "it's don't o'clock"),
        ("\u2018hello\u2019 \u201cworld\u201d 'again'", "hello world again"),
        ("STRASSE stra\u00dfe", "stra\u00dfe strasse"),
        ("\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c2"),  # final sigma
        ("\uff21\uff22 \uff11\uff12", "ab 12"),  # full width
        ("\u0645\u0631\u062d\u0628\u0627\u060c", "\u0645\u0631\u062d\u0628\u0627"),  # an Arabic comma
        ("\u05e9\u05dc\u05d5\u05dd!", "\u05e9\u05dc\u05d5\u05dd"),
        (
            "\u041f\u0440\u0438\u0432\u0435\u0442, \u0439\u043e\u0433",
            "\u043f\u0440\u0438\u0432\u0435\u0442 \u0438\u0306\u043e\u0433",
        ),
        ("\ud55c\uad6d\uc5b4", "\u1112\u1161\u11ab\u1100\u116e\u11a8\u110b\u1165"),  # Hangul, composed and in parts
        ("ma\u00f1ana_\u00bfs\u00ed?", "ma\u00f1ana s\u00ed"),
        ("soft\u00adhyphen", "softhyphen"),
    ],
)
def test_the_same_words_written_in_two_ways_are_no_errors(said: str, heard: str) -> None:
    assert count_errors([said], [heard])[0, 0] == 0
    assert normalise(said) == normalise(heard) != ""


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("\u0915\u093f", "\u0915\u0940"),  # Hindi: short and long i, told apart by a vowel sign
        ("\u0e01\u0e34\u0e19", "\u0e01\u0e31\u0e19"),  # Thai
        ("\u0b95\u0bbf", "\u0b95\u0bc0"),  # Tamil
        ("\u043c\u0438\u0440", "\u043c\u0438\u0440\u044b"),
        ("its", "it's"),
    ],
)
def test_words_that_differ_in_a_mark_or_letter_are_errors(said: str, heard: str) -> None:
    assert count_errors([said], [heard])[0].tolist() == [1, 1]


def test_an_apostrophe_within_a_composed_letter_is_one() -> None:
    assert normalise("\u0149 a\u0149a") == "n a'na"


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=30))
@example("\u0149")
def test_a_normalised_text_stays_as_it_is(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize("nothing", ["", "   ", "...", "\u2019", "\u00bf?"])
def test_a_transcript_without_words_counts_what_was_heard(nothing: str) -> None:
    assert count_edits([nothing], ["turn on"]).tolist() == [[0, 0, 2, 0]]
    assert count_edits([nothing], [""]).tolist() == [[0, 0, 0, 0]]


def test_bootstrap_matches_a_loop_over_the_same_draws() -> None:
    random = np.random.default_rng(3)
    counts = np.stack([random.integers(0, 3, 30), random.integers(3, 9, 30)], axis=1)
    found = bootstrap_wer(counts, [""] * 30, seed=5, resamples=200)
    draws = np.random.default_rng(5).integers(0, 30, size=(200, 30)).tolist()
    rates = []
    for draw in draws:
        errors = sum(int(counts[i, 0]) for i in draw)
        rates.append(100 * errors / sum(int(counts[i, 1]) for i in draw))
    assert found is not None
    assert found.value == pytest.approx(wer_percent(counts))
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(rates, [2.5, 97.5])))


def test_speakers_are_drawn_whole() -> None:
    """Two utterances of each speaker with the same errors: as wide as one utterance per speaker, not narrower."""
    random = np.random.default_rng(4)
    one = np.stack([random.integers(0, 4, 20), np.full(20, 5)], axis=1)
    names = [f"s{i}" for i in range(20)]
    once, twice = bootstrap_wer(one, names), bootstrap_wer(np.concatenate([one, one]), names + names)
    assert once == twice


def test_paired_difference_of_identical_is_zero_without_width() -> None:
    counts = np.array([[1, 5], [0, 6], [2, 4]])
    found = bootstrap_difference(counts, counts, [""] * 3)
    assert found is not None
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_paired_difference_is_narrower_than_either_rate() -> None:
    random = np.random.default_rng(6)
    counts = np.stack([random.integers(0, 5, 60), np.full(60, 6)], axis=1)
    worse = counts + np.array([1, 0]) * (random.random((60, 1)) < 0.2)
    difference, rate = bootstrap_difference(worse, counts, [""] * 60), bootstrap_wer(counts, [""] * 60)
    assert difference is not None
    assert rate is not None
    assert difference.low is not None
    assert difference.low > 0
    assert difference.high - difference.low < rate.high - rate.low


def test_pairs_must_be_the_same_utterances() -> None:
    with pytest.raises(ValueError, match="same utterances"):
        bootstrap_difference(np.array([[0, 5]]), np.array([[0, 6]]), [""])


def test_one_cluster_has_no_interval_and_silence_no_rate() -> None:
    single = bootstrap_wer(np.array([[1, 4]]), [""])
    assert single is not None
    assert (single.value, single.low, single.high) == (25.0, None, None)
    assert bootstrap_wer(np.array([[1, 0]]), [""]) is None
