"""The n-best list against enumeration, and what every list is."""

from __future__ import annotations

import itertools

import pytest

pytest.importorskip("torch", reason="training needs the extra `train`")

import torch

from azsim.train.model import Shape, Transducer
from azsim.train.nbest import MAX_LABELS_PER_STEP, n_best
from azsim.train.rnnt_loss import Cells, rnnt_losses


@pytest.fixture(scope="module")
def heard() -> tuple[Transducer, torch.Tensor]:
    """A model that says much, and a recording of 5 steps."""
    torch.manual_seed(2)
    model = Transducer(Shape(vocabulary=6, hidden=8, embedding=6, joint=8)).eval()
    with torch.no_grad():
        model.joint_output.weight.mul_(6)
        return model, model.encode(torch.randn(1, 30, 64))[:, 0]


def test_a_wide_beam_finds_what_enumeration_ranks_first():
    torch.manual_seed(5)
    model = Transducer(Shape(4, hidden=8, embedding=8, joint=8)).eval()
    for weights in (model.joint_encoder.weight, model.joint_prediction.weight, model.joint_output.weight):
        weights.data.mul_(3)
    encoded = torch.randn(2, 1, 8)
    every = [labels for length in range(4) for labels in itertools.product((1, 2, 3), repeat=length)]
    cells = Cells.plain([2] * len(every), every)
    with torch.no_grad():
        losses = rnnt_losses(model.logits(encoded.expand(-1, len(every), -1), cells), cells)
    ranked = [every[i] for i in losses.argsort().tolist()]
    found = n_best(model, encoded[:, 0], 40)
    assert found[:3] == ranked[:3]


@pytest.mark.parametrize("count", [1, 3, 12])
def test_hypotheses_differ_hold_no_blank_and_are_no_more_than_asked_for(heard, count: int):
    model, encoded = heard
    found = n_best(model, encoded, count)
    assert 1 <= len(found) <= count
    assert len(set(found)) == len(found)
    assert all(0 < label < 6 for labels in found for label in labels)
    assert max(map(len, found)) <= MAX_LABELS_PER_STEP * len(encoded)
    assert any(found) or count == 1  # the best of all may be silence


def test_nothing_heard_nothing_said(heard):
    model, encoded = heard
    assert n_best(model, encoded[:0], 4) == [()]


def test_the_search_is_the_same_every_time_and_a_wider_one_holds_its_best(heard):
    model, encoded = heard
    assert n_best(model, encoded, 8) == n_best(model, encoded, 8)
    assert n_best(model, encoded, 12)[0] in n_best(model, encoded, 24)


def test_a_sentence_has_one_end(heard):
    model, encoded = heard
    end = 3
    for labels in n_best(model, encoded, 12, sentence_end=end):
        assert end not in labels[:-1]
