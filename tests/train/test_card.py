"""The model card: what it says of a network is what the network, its file and its training are."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.compress import compress
from azsim.nn.rnnt.network import Network
from azsim.train.card import COLUMNS, Published, card_text, lineage
from azsim.train.export import ModelCard, TrainedModel
from azsim.train.recipe import SCRATCH
from azsim.train.recipe_file import load_recipe, recipe_names
from tests.conftest import PIECES, random_network
from tests.nn.rnnt.test_bidirectional import bidirectional

ROWS = ["| real-dev | coffee orders | 4 | 1.0 [0.5, 2.0] | 1.5 [0.5, 3.0] |"]
NETWORK = random_network(4, hidden=(12, 12, 12), predictor=(9,))


def published(trained: TrainedModel, network: Network = NETWORK, codec: str = "", exact: bool = False) -> Published:
    """A network of a training, stored by a codec or in float16."""
    card = ModelCard(1, "rnnt", "mine", codec or "float16", 3, 0, 2, 4.0, list(PIECES), trained)
    bits = trained.weight_bits or 8
    small = compress(network, codec=codec, weight_bits=bits, sparsity=trained.sparsity) if codec else None
    return Published(card, network, small, 1_234_567, curve=False, exact=exact)


def text_of(given: Published) -> str:
    """In one line, so that it does not matter where it is wrapped."""
    return " ".join(card_text(given, ROWS).split())


def test_sizes_are_those_of_the_network() -> None:
    text = text_of(published(TrainedModel(1, 5, 0.1)))
    assert text.startswith("# mine A streaming RNN-T")
    assert f"{NETWORK.weights / 1e6:.2f} M weights" in text
    assert f"LSTM encoder of {NETWORK.encoder_layers} layers of 12 cells with" in text
    assert f"{len(NETWORK.pieces)} word pieces" in text
    assert "Parameters are stored as float16 (1.18 MiB)." in text


def test_bitstreams_are_described_by_what_they_are() -> None:
    given = published(TrainedModel(1, 5, 0.1, 0.75, 4, codec="zvsv"), codec="zvsv")
    text, small = text_of(given), given.small
    zeros = 1 - sum(map(np.count_nonzero, small.decoded.values())) / NETWORK.weights
    fp32 = sum(value.nbytes for value in NETWORK.parameters.values())
    assert "Trained for 4 bits and 75% zeros in every matrix but the embedding, and stored (1.18 MiB)" in text
    assert f"`zvsv`, {zeros:.0%} of all weights zero, {small.bits_per_weight:.2f} bits per weight" in text
    assert (
        f"{small.model_bytes / 1024:,.0f} KiB on the device, {small.model_bytes / fp32:.1%} of the same network" in text
    )


@pytest.mark.parametrize("exact", [True, False])
def test_that_no_weight_changes_is_said_where_it_holds_alone(exact: bool) -> None:
    trained = TrainedModel(1, 5, 0.1, 0.0, 5, codec="palette")
    assert ("changes no weight" in text_of(published(trained, codec="palette", exact=exact))) == exact


@pytest.mark.parametrize(
    ("trained", "codec", "begins"),
    [
        (TrainedModel(1, 5, 0.1), "raw", "Stored (1.18 MiB) as the bitstreams"),
        (TrainedModel(1, 5, 0.1, 0.0, 5, codec="palette"), "palette", "Trained for 5 bits, and stored"),
        (
            TrainedModel(1, 5, 0.1, sparsity=0.5),
            "bitmap",
            "Trained for 50% zeros in every matrix but the embedding, and",
        ),
    ],
)
def test_it_names_only_what_was_trained_for(trained: TrainedModel, codec: str, begins: str) -> None:
    assert begins in text_of(published(trained, codec=codec))


def rates_table(given: Published) -> list[list[str]]:
    """Cells of each line of the table of word error rates."""
    lines = [line for line in card_text(given, ROWS).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize(
    ("trained", "codec", "device"),
    [
        (TrainedModel(1, 5, 0.1), "", "on the device (int8 weights and activations)"),
        (TrainedModel(1, 5, 0.1, 0.5, 5, codec="zvsv"), "zvsv", "on the device (zvsv, 5 bits, int8 activations)"),
    ],
)
def test_the_table_has_a_column_for_the_device(trained: TrainedModel, codec: str, device: str) -> None:
    heads, rule, row = rates_table(published(trained, codec=codec))
    assert heads[-1] == device
    assert len(heads) == len(rule) == len(row) == 5


def test_a_teacher_has_no_device_and_says_why() -> None:
    given = published(TrainedModel(1, 5, 0.1), bidirectional())
    assert [len(cells) for cells in rates_table(given)][:2] == [4, 4]
    text = text_of(given)
    assert "It hears the whole recording before it says anything" in text
    assert "6 cells in each direction" in text
    assert "on the device" not in text


def test_activation_scales_are_said_where_they_are() -> None:
    with_scales = replace(NETWORK, activation_scales={"encoder.0.hidden": 0.1})
    without = replace(NETWORK, activation_scales={})
    assert "Activation scales" in text_of(published(TrainedModel(1, 5, 0.1), with_scales))
    assert "Activation scales" not in text_of(published(TrainedModel(1, 5, 0.1), without))


@pytest.mark.parametrize("name", [*recipe_names(), ""])
def test_how_it_was_made_is_the_line_of_its_recipes(name: str) -> None:
    text = card_text(published(TrainedModel(7, 900, 0.25, recipe=name)), ROWS)
    assert re.findall(r"^    azsim train (\S+)$", text, re.MULTILINE) == [known for known, _ in lineage(name)]
    assert "Seed 7, 900 steps, 0.25 hours." in " ".join(text.split())
    if name:
        recipe = load_recipe(name)[1]
        assert recipe.title in " ".join(text.split())
        assert ("It learned from" in text) == (recipe.distillation is not None)


@pytest.mark.parametrize("name", list(recipe_names()))
def test_a_line_of_recipes_goes_from_the_first_start_to_the_recipe_itself(name: str) -> None:
    line = lineage(name)
    assert line[-1][0] == name
    assert len(dict(line)) == len(line)
    for (before, _), (_, recipe) in pairwise(line):
        assert recipe.start == before
    first = line[0][1].start
    assert first == SCRATCH or lineage(first) == []


def test_the_line_of_recipes_ends_where_no_recipe_is() -> None:
    assert [name for name, _ in lineage("joint/5bit-50")] == ["base", "noisy", "joint/5bit-50"]
    assert lineage("mine") == lineage("") == []


def commands(trained: TrainedModel) -> list[str]:
    """The commands on the card."""
    return re.findall(r"^    (azsim train .+)$", card_text(published(trained), ROWS), re.MULTILINE)


def test_a_run_by_another_seed_keeps_its_line() -> None:
    assert commands(TrainedModel(2, 5, 0.1, recipe="joint/5bit-50-seed2")) == [
        "azsim train base", "azsim train noisy", "azsim train joint/5bit-50 --seed 2",
    ]  # fmt: skip
    assert "Recipe `models/recipes/joint.toml`" in text_of(
        published(TrainedModel(2, 5, 0.1, recipe="joint/5bit-50-seed2"))
    )


@pytest.mark.parametrize(
    ("start", "lead"),
    [
        ("", ["azsim train base", "azsim train noisy", "azsim train joint/5bit-50"]),
        ("noisy", ["azsim train base", "azsim train noisy", "azsim train joint/5bit-50"]),
        ("base", ["azsim train base", "azsim train joint/5bit-50 --start base"]),
        ("base-seed2", ["azsim train base --seed 2", "azsim train joint/5bit-50 --start base-seed2"]),
        ("mine", ["azsim train joint/5bit-50 --start mine"]),
        (SCRATCH, ["azsim train joint/5bit-50 --start scratch"]),
    ],
)
def test_the_line_follows_what_a_run_really_started_from(start: str, lead: list[str]) -> None:
    assert commands(TrainedModel(1, 5, 0.1, recipe="joint/5bit-50", start=start)) == lead


def test_recorded_noise_of_another_start_is_named() -> None:
    for start, heard in (("", False), ("noisy", True)):
        trained = TrainedModel(1, 5, 0.1, recipe="control", start=start)
        assert ("Recorded noise:" in text_of(published(trained))) == heard


@pytest.mark.parametrize(
    ("name", "heard"), [("joint/5bit-50", True), ("noisy", True), ("base", False), ("mine", False)]
)
def test_recorded_noise_is_named_where_a_recipe_of_the_line_took_it(name: str, heard: bool) -> None:
    assert (
        "Recorded noise: the first minute of a kitchen" in text_of(published(TrainedModel(1, 5, 0.1, recipe=name)))
    ) == heard


def test_prose_is_wrapped() -> None:
    recipe = "distilled/unlabelled"
    text = card_text(published(TrainedModel(1, 5, 0.1, 0.5, 5, recipe, "zvsv"), codec="zvsv", exact=True), ROWS)
    assert all(len(line) <= COLUMNS + 2 for line in text.splitlines() if not line.startswith("|"))
