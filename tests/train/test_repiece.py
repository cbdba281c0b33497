"""Changing the word pieces of a checkpoint keeps what was learned."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.train.checkpoint import Checkpoint, RunConstants  # noqa: E402 (needs torch)
from azsim.train.flat import FlatParameters  # noqa: E402 (needs torch)
from azsim.train.model import Shape, Transducer  # noqa: E402 (needs torch)
from azsim.train.progress import Progress  # noqa: E402 (needs torch)
from azsim.train.repiece import respelled, with_pieces  # noqa: E402 (needs torch)
from azsim.train.tokens import BLANK_PIECE, Pieces  # noqa: E402 (needs torch)

OLD = (BLANK_PIECE, "▁a", "▁", "a", "b", "c")
HIDDEN = 8


@pytest.fixture
def checkpoint() -> Checkpoint:
    """A run after no step."""
    torch.manual_seed(3)
    flat = FlatParameters(Transducer(Shape(len(OLD), HIDDEN, HIDDEN, HIDDEN)), 0)
    tensors = flat.state() | {"mean": torch.zeros(64), "inv_std": torch.ones(64)}
    tensors["adam.mean"] = torch.arange(len(tensors["values"]), dtype=torch.float32)
    return Checkpoint(RunConstants(1, list(OLD), HIDDEN, HIDDEN, HIDDEN), Progress(step=7), tensors)


def loaded(checkpoint: Checkpoint) -> Transducer:
    model = Transducer(Shape(len(checkpoint.setup.pieces), HIDDEN, HIDDEN, HIDDEN))
    FlatParameters(model, 0).restore(checkpoint.tensors)
    return model


def test_the_same_pieces_change_nothing(checkpoint):
    again = with_pieces(checkpoint, Pieces(OLD))
    assert again.setup == checkpoint.setup
    assert again.progress == checkpoint.progress
    for name, tensor in checkpoint.tensors.items():
        assert torch.equal(again.tensors[name], tensor), name


def test_a_new_piece_is_heard_as_its_first_and_remembered_as_its_last_old_piece(checkpoint):
    new = Pieces((*OLD, "ab", "▁ab", "cb"))
    old_model, new_model = loaded(checkpoint), loaded(with_pieces(checkpoint, new))
    heard, remembered = old_model.joint_output.weight, old_model.embedding.weight
    for piece, first, last in (("ab", "a", "b"), ("▁ab", "▁a", "b"), ("cb", "c", "b")):
        label = new.strings.index(piece)
        assert torch.equal(new_model.joint_output.weight[label], heard[OLD.index(first)])
        assert torch.equal(new_model.embedding.weight[label], remembered[OLD.index(last)])
    assert torch.equal(new_model.prediction.weight_hh_l0, old_model.prediction.weight_hh_l0)
    assert torch.equal(new_model.encoder[0].weight_ih_l0, old_model.encoder[0].weight_ih_l0)


def test_a_network_respelled_is_the_checkpoint_respelled(checkpoint):
    pieces = Pieces((BLANK_PIECE, "a", "b", "c", "▁", "▁ab", "cb"))
    wanted = loaded(with_pieces(checkpoint, pieces))
    found = respelled(loaded(checkpoint), Pieces(OLD), pieces)
    for (name, expected), (_, own) in zip(wanted.named_parameters(), found.named_parameters(), strict=True):
        assert torch.equal(expected, own), name
