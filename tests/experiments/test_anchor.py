"""The anchor: slots read from words, a trigram whose probabilities add up, pronunciations of its words."""

from __future__ import annotations

import math
import re
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the anchor stands beside trained networks: the extra `train`")

from azsim.errors import InputError
from azsim.nn.rnnt.save import save_network
from azsim.report.wer import Interval
from azsim.train.corpus.coffee import coffee_grammar
from experiments.anchor import __main__ as anchor
from experiments.anchor.__main__ import COLUMNS, RecogniserResult, markdown
from experiments.anchor.networks import AnchorNetwork, heard_kitchen
from experiments.anchor.sphinx import pronunciations
from experiments.anchor.trigram import END, START, Trigram
from experiments.studies.orders import count_slots, slots
from tests.conftest import random_network

SENTENCES = [each.split() for each in ("a b", "a b c", "b c", "a", "c a b")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("get me a medium medium roast mocha", {"size": "medium", "roast": "medium roast", "coffeeDrink": "mocha"}),
        ("Brew iced coffee", {"coffeeDrink": "iced coffee"}),
        (
            "i want a twenty ounce double shot latte with a little bit of brown sugar and lots of skim milk",
            {
                "size": "twenty ounce",
                "numberOfShots": "double shot",
                "coffeeDrink": "latte",
                "sugarAmount": "a little bit of brown sugar",
                "milkAmount": "lots of skim milk",
            },
        ),
        ("an espresso with cream", {"coffeeDrink": "espresso", "milkAmount": "cream"}),
        ("turn on the light", {}),
    ],
)
def test_slots_of_an_order(text: str, expected: dict[str, str]) -> None:
    assert slots(text) == expected


def test_every_order_of_the_grammar_has_a_drink() -> None:
    rng, grammar = np.random.default_rng(0), coffee_grammar()
    orders = [grammar.draw(rng) for _ in range(200)]
    for order in orders:
        found = slots(order)
        assert "coffeeDrink" in found
        assert all(value in order for value in found.values())
        assert ("milkAmount" in found) + ("sugarAmount" in found) == (" with " in order) + (" and " in order)


def test_a_slot_is_wrong_when_missing_other_or_never_asked_for() -> None:
    wanted = 4 * [{"size": "small", "coffeeDrink": "latte"}]
    texts = ["a small latte", "a latte", "a large mocha", "a small latte with milk"]
    assert count_slots(wanted, texts).tolist() == [[0, 2], [1, 2], [2, 2], [1, 2]]


def test_a_trigram_adds_up_to_one_after_every_history() -> None:
    model = Trigram.of(SENTENCES)
    assert model.vocabulary == [END, "a", "b", "c"]
    for history in [*model.after, ("c", "c"), (START, "d")]:
        assert sum(model.probability(word, history) for word in model.vocabulary) == pytest.approx(1)
    # b after "a": 3 of 4 times, 2 kinds; b at all: 4 of 16, 4 kinds, 4 words in all
    at_all = (4 + 4 / 4) / (16 + 4)
    assert model.probability("b", ("a",)) == pytest.approx((3 + 2 * at_all) / (4 + 2))


def test_the_file_says_what_the_model_says() -> None:
    model = Trigram.of(SENTENCES)
    text = model.arpa()
    grams: dict[tuple[str, ...], tuple[float, float]] = {}
    for line in text.splitlines():
        parts = line.split()
        if parts and re.fullmatch(r"-\d+(\.\d+)?", parts[0]):
            last = parts[-1]
            weighted = re.fullmatch(r"-?\d+\.\d+", last) is not None
            grams[tuple(parts[1 : -1 if weighted else None])] = (float(parts[0]), float(last) if weighted else 0.0)

    def looked_up(word: str, history: tuple[str, ...]) -> float:
        if (*history, word) in grams:
            return grams[(*history, word)][0]
        return grams.get(history, (0.0, 0.0))[1] + looked_up(word, history[1:])

    for history in [(), ("a",), (START, "a"), ("a", "b"), ("b", "a"), ("c", "b")]:
        for word in model.vocabulary:
            expected = math.log10(model.probability(word, history))
            assert looked_up(word, history) == pytest.approx(expected, abs=1e-4)
    sizes = [sum(len(gram) == n for gram in grams) for n in (1, 2, 3)]
    assert [int(n) for n in re.findall(r"ngram \d=(\d+)", text)] == sizes


def test_only_the_words_of_the_texts_are_pronounced() -> None:
    dictionary = "a AH\na(2) EY\nab AE B\nb B IY\n"
    assert pronunciations(dictionary, {"a", "b"}) == "a AH\na(2) EY\nb B IY\n"
    with pytest.raises(InputError, match="does not hold c"):
        pronunciations(dictionary, {"a", "c"})


def test_a_network_is_chosen_with_codec_bits_and_zeros_or_in_float(tmp_path: Path) -> None:
    chosen = AnchorNetwork.of("rnnt-5bit-50:zvsv:5:0.5", tmp_path)
    assert (chosen.name, chosen.codec, chosen.weight_bits, chosen.sparsity) == ("rnnt-5bit-50", "zvsv", 5, 0.5)
    assert chosen.label == "rnnt-5bit-50 (zvsv, 5 bits, 50% zeros)"
    assert AnchorNetwork.of("rnnt-student:raw:8:0", tmp_path).label == "rnnt-student (raw, 8 bits)"
    alone = AnchorNetwork.of("rnnt-teacher", tmp_path)
    assert (alone.codec, alone.label) == (None, "rnnt-teacher (float)")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("rnnt-student:raw", "give NAME:CODEC:BITS:ZEROS such as"),
        ("rnnt-student:raw:eight:0", "give NAME:CODEC:BITS:ZEROS such as"),
        ("rnnt-student:rwa:8:0", "codec = 'rwa': no such codec.*mean 'raw'"),
        ("rnnt-student:zvsv:9:0", "bits 9: must be 1 to 8"),
        ("rnnt-student:raw:5:0", "bits 5: codec 'raw' stores 8 bits"),
        ("rnnt-student:zvsv:5:1", "zeros 1: must be at least 0 and below 1"),
        ("rnnt-student:zvsv:5:nan", "zeros nan: must be"),
        ("nowhere", "neither .*nowhere.* is there"),
    ],
)
def test_a_choice_that_cannot_be_heard_is_refused_before_any_work(
    given: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AZSIM_DATA", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["anchor", "--networks", given, "--runs", str(tmp_path / "runs")])
    assert anchor.main() == 2
    said = capsys.readouterr().err
    assert re.search(rf"^error: --networks.*{says}", said)
    assert said.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_networks_whose_recipes_name_recorded_noise_heard_the_kitchen(tmp_path: Path) -> None:
    save_network(random_network(8), tmp_path / "mine.safetensors")
    for name, said in (("rnnt-5bit-50", "yes"), ("rnnt-teacher", "no"), (str(tmp_path / "mine.safetensors"), "")):
        path = AnchorNetwork.of(name, tmp_path).path
        assert heard_kitchen(path) == said
        row = RecogniserResult(name, 1, heard_kitchen(path), "quiet", 2, Interval(1, 0, 2), Interval(3, 2, 4), 5, None)
        assert dict(zip(COLUMNS, row.cells(), strict=True))["heard_kitchen"] == said
        assert f"| {name} | {said} | 1 | quiet | 1.0 [0.0, 2.0] |" in markdown([row])
