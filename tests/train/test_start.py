"""What a run starts from: nothing but a corpus, or another network, which stays as it was."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.compress.stored import load_network  # noqa: E402 (needs torch)
from azsim.errors import InputError  # noqa: E402 (needs torch)
from azsim.train.data import COMMANDS, complete_folders, load_utterances  # noqa: E402 (needs torch)
from azsim.train.export import TrainedModel, save_model  # noqa: E402 (needs torch)
from azsim.train.recipe import NOISES  # noqa: E402 (needs torch)
from azsim.train.start import check_noises, start_from, start_from_scratch  # noqa: E402 (needs torch)
from azsim.train.tokens import Pieces  # noqa: E402 (needs torch)
from tests.train.recipes import place_in, tiny_recipe  # noqa: E402 (needs torch)


def test_from_scratch_pieces_and_statistics_come_from_the_training_speech(tiny_corpus: Path, tmp_path: Path):
    splits = load_utterances(tiny_corpus, complete_folders(tiny_corpus))
    start = start_from_scratch(tiny_recipe(), place_in(tiny_corpus, tmp_path), splits)
    assert start.model.shape == start.setup.shape
    assert start.setup.start == "scratch"
    assert Pieces(tuple(start.setup.pieces)).decode(Pieces(tuple(start.setup.pieces)).encode("abc cab")) == "abc cab"
    spoken = [*splits["train"], *splits["real-train"]]
    frames = np.concatenate([np.asarray(u.features, np.float64) for u in spoken])
    np.testing.assert_allclose(start.normaliser.mean, frames.mean(0), rtol=1e-5, atol=1e-5)


def test_another_network_is_taken_over_as_it_is(tiny_corpus: Path, tmp_path: Path):
    splits = load_utterances(tiny_corpus, complete_folders(tiny_corpus))
    first = start_from_scratch(tiny_recipe(), place_in(tiny_corpus, tmp_path), splits)
    path = tmp_path / "first.safetensors"
    trained = TrainedModel(1, 0, 0.0, recipe="kind/first")
    save_model(path, first.model, first.normaliser, Pieces(tuple(first.setup.pieces)), "kind-first", trained)
    again = start_from(path, tiny_recipe(seed=7))
    assert again.setup.start == "kind/first"
    assert again.setup.seed == 7
    assert again.setup.pieces == first.setup.pieces
    assert again.setup.shape == first.setup.shape
    for name, weights in first.model.matrices().items():
        assert torch.equal(weights, again.model.matrices()[name])


def noise_checked(noises: tuple[str, ...], there: tuple[str, ...], stage: int = 1) -> None:
    """`check_noises` of the tiny recipe, whose last stage alone is varied, with other noises in one stage."""
    recipe = tiny_recipe()
    stages = list(recipe.stages)
    mix = msgspec.structs.replace(stages[stage].mix, noises=noises)
    stages[stage] = msgspec.structs.replace(stages[stage], mix=mix)
    splits = dict.fromkeys(("train", *there), ())
    check_noises(msgspec.structs.replace(recipe, stages=tuple(stages)), Path("CORPUS"), splits)


@pytest.mark.parametrize(
    ("noises", "there", "missing"),
    [
        (("noise", "noize"), ("noise", "music"), "noize"),
        (("noize",), ("noise-recorded",), "noize"),
        (("mine", "music"), ("mine",), "music"),
    ],
)
def test_a_slip_in_the_noises_is_refused(noises: tuple[str, ...], there: tuple[str, ...], missing: str):
    said = rf"stages '[^']+': mix\.noises: CORPUS has no split '{missing}'; there are {', '.join(there)}$"
    with pytest.raises(InputError, match=said):
        noise_checked(noises, there)
    noise_checked(noises, there, stage=0)


@pytest.mark.parametrize(
    ("noises", "there"),
    [
        (("noise", "music", "noise-recorded"), ("noise", "music")),
        (("noise", "music", "noise-recorded"), ()),
        (NOISES, ("noise",)),
        (NOISES, ("noise-recorded",)),
        ((), ("noise",)),
    ],
)
def test_noise_may_be_done_without(noises: tuple[str, ...], there: tuple[str, ...]):
    noise_checked(noises, there)


def test_a_corpus_without_training_speech_is_refused(tiny_corpus: Path, tmp_path: Path):
    splits = load_utterances(tiny_corpus, ["eval"])
    with pytest.raises(InputError, match=r"no finished folder .* split .train.; make one: python -m .* build --out "):
        start_from_scratch(tiny_recipe(), place_in(tiny_corpus, tmp_path), splits)


def test_other_pieces_and_features_are_measured_on_the_corpus_and_its_commands(tiny_corpus: Path, tmp_path: Path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for folder in tiny_corpus.iterdir():
        (corpus / folder.name).symlink_to(folder)
    (corpus / COMMANDS).write_text("zebra quiz\nzebra jazz\nquiz jazz\n")
    splits = load_utterances(corpus, complete_folders(corpus))
    first = start_from_scratch(tiny_recipe(), place_in(tiny_corpus, tmp_path), splits)
    path = tmp_path / "first.safetensors"
    save_model(path, first.model, first.normaliser, Pieces(tuple(first.setup.pieces)), "first", TrainedModel(1, 0, 0.0))
    recipe = tiny_recipe(respelled=True, normalisation="running-level")
    recipe = msgspec.structs.replace(recipe, sizes=msgspec.structs.replace(recipe.sizes, pieces=24))
    again = start_from(path, recipe, splits, corpus)
    pieces = Pieces(tuple(again.setup.pieces))
    assert len(pieces) == again.model.shape.vocabulary == 24
    assert pieces.decode(pieces.encode("zebra quiz")) == "zebra quiz"
    assert again.setup.normalisation == again.normaliser.normalisation == "running-level"
    assert (again.normaliser.mean <= 0.5).all()  # above the level for moments only
    saved = tmp_path / "again.safetensors"
    save_model(saved, again.model, again.normaliser, pieces, "again", TrainedModel(1, 0, 0.0))
    assert start_from(saved, tiny_recipe()).normaliser.normalisation == "running-level"
    assert load_network(saved).normalisation == "running-level"
