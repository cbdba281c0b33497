"""The transducer in PyTorch: packed cells one by one, CTC by enumeration, names and shapes of the device."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra `train`")

import torch

from azsim.train.data import Normaliser
from azsim.train.export import as_network
from azsim.train.model import Dropout, Shape, Transducer, dropped
from azsim.train.rnnt_loss import Cells
from azsim.train.tokens import BLANK_PIECE, Pieces

SHAPE = Shape(vocabulary=5, hidden=6, embedding=4, joint=7, prediction=3)


def model_of(shape: Shape = SHAPE, seed: int = 0, dropout: Dropout | None = None) -> Transducer:
    torch.manual_seed(seed)
    return Transducer(shape, dropout).eval()


@pytest.mark.parametrize("bidirectional", [False, True])
def test_matrices_are_those_of_the_exported_network(bidirectional: bool):
    model = model_of(Shape(5, 6, 4, 7, 3, bidirectional))
    front = Normaliser(np.zeros(64, np.float32), np.ones(64, np.float32))
    network = as_network(model, front, Pieces((BLANK_PIECE, "a", "b", "c", "d")), "n")
    assert set(model.matrices()) == set(network.weight_matrices)
    for name, matrix in model.matrices().items():
        assert tuple(matrix.shape) == network.parameters[name].shape
    assert network.is_bidirectional == bidirectional
    assert network.encoder_layers == 3
    assert not any("ctc" in name or "helper" in name for name in network.parameters)


def test_gates_begin_open_to_what_was():
    model = model_of()
    for layer in (*model.encoder, model.prediction):
        size = layer.hidden_size
        assert not layer.bias_hh_l0.any()
        assert (layer.bias_ih_l0[size : 2 * size] == 1).all()


@torch.no_grad()
def test_an_utterance_is_encoded_alike_alone_and_padded_in_a_batch():
    model, features = model_of(), torch.randn(3, 24, 64)
    together = model.encode(features)
    assert together.shape == (4, 3, 6)
    for b, frames in enumerate((24, 12, 6)):
        alone = model.encode(features[b : b + 1, :frames])
        assert torch.allclose(together[: frames // 6, b], alone[:, 0], atol=1e-6)


@torch.no_grad()
def test_every_cell_of_the_lattice_has_the_scores_of_its_step_and_its_labels():
    model, cells = model_of(), Cells.plain([4, 2], [[1, 2, 4], [3]])
    encoded = model.encode(torch.randn(2, 24, 64))
    found = model.logits(encoded, cells)
    expected = []
    for b, (frames, labels) in enumerate(zip(cells.frames, cells.labels, strict=True)):
        for t in range(frames):
            for u in range(len(labels) + 1):
                output, _ = model.predict(torch.tensor([[0], *([label] for label in labels[:u])]))
                expected.append(
                    model.scores(model.project_encoder(encoded[t, b]) + model.project_prediction(output[-1, 0]))
                )
    assert torch.allclose(found, torch.stack(expected), atol=1e-5)


@torch.no_grad()
def test_labels_are_replaced_in_training_alone_and_only_if_they_may_be():
    nothing = Dropout(0.0, 0.0, 0.0)
    model, cells = model_of(dropout=Dropout(0.0, 0.0, 1.0)), Cells.plain([4], [[1, 2, 4]])
    encoded = model.encode(torch.randn(1, 24, 64))
    quiet = model.logits(encoded, cells)
    model.train()
    assert torch.equal(model.logits(encoded, cells, labels_dropped=False), quiet)
    replaced = model.logits(encoded, cells)
    first = torch.arange(4) * 4  # nothing said before: nothing to replace
    assert torch.allclose(replaced[first], quiet[first])
    assert not torch.allclose(replaced, quiet)
    model.dropout = nothing
    assert torch.equal(model.logits(encoded, cells), quiet)


@torch.no_grad()
@pytest.mark.parametrize("labels", [(1,), (1, 2), (2, 2), ()])
def test_ctc_is_the_sum_over_all_alignments(labels: tuple[int, ...]):
    model = model_of(Shape(3, 4, 4, 4, 4))
    encoded = model.encode(torch.randn(1, 24, 64))
    shares = torch.softmax(model.ctc_head(encoded)[:, 0], 1).numpy().astype(float)
    total = 0.0
    for path in itertools.product(range(3), repeat=4):
        if tuple(label for label, _ in itertools.groupby(path) if label) == labels:
            total += np.prod([shares[t, label] for t, label in enumerate(path)])
    assert float(model.ctc_loss(encoded, Cells.plain([4], [labels]))) == pytest.approx(-np.log(total), rel=1e-4)
    assert float(model.ctc_loss(encoded, Cells.plain([4], [(1, 1, 1, 1)]))) == 0  # too long for 4 steps


@torch.no_grad()
def test_the_frame_loss_counts_what_is_aligned_and_judges_by_what_is_voiced():
    model = model_of()
    encoded = model.encode(torch.randn(2, 18, 64))
    targets = torch.tensor([[0, 2], [-1, 0], [3, -1]])
    losses = -torch.log_softmax(model.ctc_head(encoded), 2)
    every, voiced = model.frame_loss(encoded, targets)
    assert float(every) == pytest.approx(float(losses[0, 0, 0] + losses[0, 1, 2] + losses[1, 1, 0] + losses[2, 0, 3]))
    assert float(voiced) == pytest.approx(float(losses[0, 1, 2] + losses[2, 0, 3]))


def test_dropout_drops_its_share_and_keeps_the_mean():
    torch.manual_seed(5)
    values = torch.ones(50, 40, 30)
    found = dropped(values, 0.1)
    kept = found != 0
    assert abs(float(kept.float().mean()) - 0.9) < 0.01
    assert torch.allclose(found[kept], torch.tensor(256 / (256 - 26)))
    torch.manual_seed(5)
    assert torch.equal(dropped(values, 0.1), found)
