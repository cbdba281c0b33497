"""Publishing a model: which utterances calibrate it, which sets measure it, and what the card says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs the extra: pip install '.[train]'")

import msgspec
import numpy as np
import torch

from azsim.compress import compress
from azsim.compress.stored import load_compressed, load_network
from azsim.errors import InputError
from azsim.nn.rnnt.network import Network
from azsim.nn.rnnt.save import save_network
from azsim.nn.sealed import read_stored
from azsim.train.data import IndexLine, Normaliser, StoredUtterance
from azsim.train.export import ModelCard, TrainedModel, as_network, load_model
from azsim.train.model import Shape, Transducer
from azsim.train.publish import (
    CALIBRATION_UTTERANCES,
    calibration_features,
    form_of,
    is_exact,
    measured,
    members,
    publish,
)
from azsim.train.tokens import Pieces
from tests.conftest import PIECES, random_network


def utterance(split: str, engine: str, number: int = 0, speaker: str = "a") -> StoredUtterance:
    """A recording of noise."""
    frames = 60 + number % 5
    line = IndexLine(
        id=f"{split}-{number}",
        split=split,
        text="turn on the light",
        voice="v",
        engine=engine,
        source="synth",
        speaker=speaker,
        start_frame=0,
        frames=frames,
        speech_start_ms=100,
        speech_end_ms=400,
    )
    return StoredUtterance(line, np.random.default_rng(number).normal(5, 2, (frames, 64)).astype(np.float16))


def test_calibration_takes_training_speech_alone_synthetic_and_real() -> None:
    splits = {
        "train": [utterance("train", "flite", n) for n in range(300)],
        "real-train": [utterance("real-train", "human", n) for n in range(20)],
        "test-seen": [utterance("test-seen", "flite")],
    }
    assert len(calibration_features(splits)) == CALIBRATION_UTTERANCES // 2 + 20


def test_a_set_can_be_one_engine_of_a_split() -> None:
    splits = {"test-unseen": [utterance("test-unseen", "espeak"), utterance("test-unseen", "festival")]}
    assert [u.line.engine for u in members(splits, "test-unseen festival")] == ["festival"]
    assert members(splits, "real-dev") == []


def test_measured_cells_hold_a_rate_and_its_interval_on_both_sides() -> None:
    cells = measured(random_network(4), None, [utterance("real-dev", "human", n, f"s{n % 2}") for n in range(4)])
    assert len(cells) == 2
    assert all("[" in cell and float(cell.split()[0]) >= 0 for cell in cells)


@pytest.mark.parametrize(
    ("trained", "form"),
    [
        (TrainedModel(1, 100, 0.5), "float32"),
        (TrainedModel(1, 100, 0.5, sparsity=0.5), "bitmap"),
        (TrainedModel(1, 100, 0.5, 0.5, 8, codec="packed"), "bitmap"),
        (TrainedModel(1, 100, 0.5, 0.0, 8, codec="packed"), "raw"),
        (TrainedModel(1, 100, 0.5, 0.0, 5, codec="palette"), "palette"),
        (TrainedModel(1, 100, 0.5, 0.75, 4, codec="zvsv"), "zvsv"),
    ],
)
def test_a_network_is_stored_as_it_was_trained_for(trained: TrainedModel, form: str) -> None:
    assert form_of(random_network(4), trained) == form


def test_bits_of_no_codec_are_asked_about() -> None:
    with pytest.raises(InputError, match="trained for 4 bits of no codec; name it with --as"):
        form_of(random_network(4), TrainedModel(1, 100, 0.5, 0.5, 4))


def exported(folder: Path, trained: TrainedModel, network: Network | None = None) -> Path:
    """A network as the trainer leaves it: its weights on the grid that it was trained for, a curve beside it."""
    network = network or random_network(4, hidden=(12, 12, 12), predictor=(12,))
    if trained.weight_bits:
        for _ in range(2):  # the second time every palette ends at the end of the grid, as in training
            small = compress(network, codec=trained.codec, weight_bits=trained.weight_bits, sparsity=trained.sparsity)
            steps = {name: np.float32(matrix.scales[0]) for name, matrix in small.matrices.items()}
            on_grid = {name: values * steps[name] for name, values in small.decoded.items()}
            network = replace(network, parameters={**network.parameters, **on_grid})
    card = {"dtype": "float32", "trained": msgspec.to_builtins(trained)}
    save_network(network, folder / "final.safetensors", more=card)
    (folder / "curve.csv").write_text("step\n1\n")
    return folder / "final.safetensors"


@pytest.fixture
def corpus(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Training speech and one set, in place of features on disk."""
    splits = {
        "train": [utterance("train", "flite", n) for n in range(6)],
        "real-dev": [utterance("real-dev", "human", n, f"s{n % 2}") for n in range(4)],
    }
    monkeypatch.setattr("azsim.train.publish.load_utterances", lambda corpus, folders: splits)
    monkeypatch.setattr("azsim.train.publish.complete_folders", lambda corpus: ())
    return Path("corpus")


def test_few_bits_are_published_as_the_weights_they_were_trained_to_be(corpus: Path, tmp_path: Path) -> None:
    source = exported(tmp_path / "run", TrainedModel(1, 2000, 0.1, 0.75, 4, "joint/4bit-75", "zvsv"))
    publish(source, corpus, tmp_path / "rnnt-few")
    model = tmp_path / "rnnt-few" / "model.safetensors"
    before, after = load_network(source), load_network(model)
    for name, value in before.parameters.items():
        assert np.allclose(after.parameters[name], value, rtol=3e-7, atol=0)
    assert after.name == "rnnt-few"
    assert "encoder.0.hidden" in after.activation_scales
    small = load_compressed(model)
    assert {matrix.encoded.codec for matrix in small.matrices.values()} == {"zvsv"}
    _, _, pieces, card = load_model(model)
    assert (pieces.strings, card.dtype, card.trained.codec) == (before.pieces, "zvsv", "zvsv")
    text = (tmp_path / "rnnt-few" / "card.md").read_text()
    assert all(f"    azsim train {name}\n" in text for name in ("base", "joint/4bit-75"))
    prose = " ".join(text.split())
    for words in (
        "# rnnt-few", "Trained for 4 bits and 75% zeros", "bits per weight", "changes no weight",
        "on the device (zvsv, 4 bits", "| real-dev |", "The curve is in `curve.csv`",
        "Picovoice", "Apache-2.0", "espeak-ng", "Seed 1, 2000 steps",
    ):  # fmt: skip
        assert words in prose
    assert (tmp_path / "rnnt-few" / "curve.csv").read_text() == "step\n1\n"


def test_what_was_not_trained_for_its_bits_is_not_said_to_stay_as_it_is(corpus: Path, tmp_path: Path) -> None:
    publish(exported(tmp_path / "run", TrainedModel(1, 5, 0.1)), corpus, tmp_path / "mine", form="raw")
    text = " ".join((tmp_path / "mine" / "card.md").read_text().split())
    assert "Stored (0.0" in text
    assert "`raw`" in text
    assert "Trained for" not in text

    network, small = load_network(tmp_path / "mine" / "model.safetensors"), compress(random_network(4), codec="raw")
    card = ModelCard(1, "rnnt", "mine", "palette", 3, 0, 2, 4.0, list(PIECES), TrainedModel(1, 5, 0.1, weight_bits=2))
    assert not is_exact(network, small, card)


def test_scales_that_were_trained_for_are_kept(corpus: Path, tmp_path: Path) -> None:
    network = replace(random_network(4), activation_scales={"encoder.0.hidden": 0.125})
    publish(exported(tmp_path / "run", TrainedModel(1, 5, 0.1), network), corpus, tmp_path / "mine", form="float16")
    read = read_stored(tmp_path / "mine" / "model.safetensors")
    assert load_network(read.path).activation_scales == {"encoder.0.hidden": 0.125}
    assert read.tensors["joint.bias"].dtype == np.float16
    assert "stored as float16" in (tmp_path / "mine" / "card.md").read_text()


def test_a_teacher_is_published_in_float_alone(corpus: Path, tmp_path: Path) -> None:
    model = Transducer(Shape(len(PIECES), 8, 8, 8, bidirectional=True))
    with torch.no_grad():
        network = as_network(model, Normaliser(np.zeros(64, np.float32), np.ones(64, np.float32)), Pieces(PIECES), "t")
    publish(exported(tmp_path / "run", TrainedModel(1, 5, 0.1, recipe="teacher"), network), corpus, tmp_path / "rnnt-t")
    text = (tmp_path / "rnnt-t" / "card.md").read_text()
    assert "hears the whole recording" in text
    assert "on the device" not in text
    assert "    azsim train base\n    azsim train teacher\n" in text
    assert read_stored(tmp_path / "rnnt-t" / "model.safetensors").tensors["joint.bias"].dtype == np.float16


def test_an_unknown_form_is_refused(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--as 'zvs': must be one of float32"):
        publish(exported(tmp_path / "run", TrainedModel(1, 5, 0.1)), corpus, tmp_path / "mine", form="zvs")


def test_a_corpus_without_a_set_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    source = exported(tmp_path / "run", TrainedModel(1, 5, 0.1))
    with pytest.raises(InputError, match=r"nope: none of the sets dev-seen, .*; make them: python -m azsim\.train\."):
        publish(source, tmp_path / "nope", tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_a_curve_that_is_named_must_be_there(corpus: Path, tmp_path: Path) -> None:
    source = exported(tmp_path / "run", TrainedModel(1, 5, 0.1))
    with pytest.raises(InputError, match=r"--curve .*nope\.csv: no such file"):
        publish(source, corpus, tmp_path / "mine", curve=tmp_path / "nope.csv")
    assert not (tmp_path / "mine").exists()


def test_the_curve_beside_a_model_is_its_own(corpus: Path, tmp_path: Path) -> None:
    source, shipped = exported(tmp_path / "run", TrainedModel(1, 5, 0.1)), tmp_path / "mine" / "curve.csv"
    publish(source, corpus, tmp_path / "mine")
    publish(source, corpus, tmp_path / "mine", curve=shipped)
    assert shipped.read_text() == "step\n1\n"
    (tmp_path / "run" / "curve.csv").unlink()
    publish(source, corpus, tmp_path / "mine")
    assert not shipped.exists()
    assert "The curve is in" not in (tmp_path / "mine" / "card.md").read_text()
