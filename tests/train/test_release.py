"""Series of releases: what may move moves, all else stays."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.compress.update.mask import seeded_mask  # noqa: E402 (needs torch)
from azsim.errors import InputError  # noqa: E402 (needs torch)
from azsim.train import release  # noqa: E402 (needs torch)
from azsim.train.data import Normaliser  # noqa: E402 (needs torch)
from azsim.train.export import TrainedModel, save_model  # noqa: E402 (needs torch)
from azsim.train.model import Shape, Transducer  # noqa: E402 (needs torch)
from azsim.train.tokens import BLANK_PIECE, Pieces  # noqa: E402 (needs torch)

PIECES = (BLANK_PIECE, "▁", *"abcdefghijklmnopqrstuvwxyz'")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained model."""
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    torch.manual_seed(1)
    model = Transducer(Shape(len(PIECES), 12, 12, 12))
    normaliser = Normaliser(np.zeros(64, np.float32), np.ones(64, np.float32))
    save_model(path, model, normaliser, Pieces(PIECES), "tiny", TrainedModel(1, 0, 0.0))
    return path


def releases(source: Path, corpus: Path, out: Path, **changes: object) -> list[dict[str, np.ndarray]]:
    settings = release.Settings(source, corpus, out, 2, 3, 1e-3, 5, **changes)
    return [load_file(source), *map(load_file, release.make_releases(settings))]


def test_all_weights_move_and_the_same_seed_repeats(source: Path, tiny_corpus: Path, tmp_path: Path) -> None:
    one = releases(source, tiny_corpus, tmp_path / "a")
    two = releases(source, tiny_corpus, tmp_path / "b")
    for before, after in pairwise(one):
        moved = [name for name in before if not np.array_equal(before[name], after[name])]
        assert set(before) - set(moved) == {"frontend.mean", "frontend.inv_std"}
    assert all(np.array_equal(one[-1][name], two[-1][name]) for name in one[-1])


def test_a_share_moves_inside_its_masks_alone(source: Path, tiny_corpus: Path, tmp_path: Path) -> None:
    first, *later = releases(source, tiny_corpus, tmp_path, share=0.2)
    for tensors in later:
        for name, value in first.items():
            changed = tensors[name] != value
            if value.ndim == 1:
                assert not changed.any()
            else:
                mask = seeded_mask(5, name, 0.2).of(value.shape)
                assert not changed[~mask].any()
    assert (later[-1]["joint.output"] != first["joint.output"]).any()


def test_named_matrices_move_alone(source: Path, tiny_corpus: Path, tmp_path: Path) -> None:
    first, *later = releases(source, tiny_corpus, tmp_path, matrices=("joint.*", "encoder.2.input"))
    moved = {name for name in first if not np.array_equal(first[name], later[-1][name])}
    assert moved == {"joint.encoder", "joint.prediction", "joint.output", "encoder.2.input"}


def test_a_folder_of_another_series_is_refused(source: Path, tiny_corpus: Path, tmp_path: Path) -> None:
    releases(source, tiny_corpus, tmp_path)
    with pytest.raises(InputError, match="other settings"):
        releases(source, tiny_corpus, tmp_path, share=0.5)


def test_wrong_settings_are_refused(source: Path, tiny_corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="matches no matrix"):
        releases(source, tiny_corpus, tmp_path, matrices=("joint.nothing",))
    given = ["--from", "x", "--corpus", "x", "--out", "y"]
    with pytest.raises(InputError, match="--share 0"):
        release.parse([*given, "--share", "0"])
    with pytest.raises(InputError, match="at least 1"):
        release.parse([*given, "--steps", "0"])
