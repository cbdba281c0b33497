"""Masks: how many zeros, which, and how evenly they lie among the lanes."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.train.mechanism import TrainingStep  # noqa: E402 (needs torch)
from azsim.train.model import Shape, Transducer  # noqa: E402 (needs torch)
from azsim.train.recipe import Sparsity  # noqa: E402 (needs torch)
from azsim.train.sparsity import EMBEDDING, Sparsifier, balanced_mask, magnitude_mask  # noqa: E402 (needs torch)

STEPS = 20


def model() -> Transducer:
    torch.manual_seed(0)
    return Transducer(Shape(vocabulary=11, hidden=16, embedding=16, joint=16))


def trained(settings: Sparsity, network: Transducer, steps: int = STEPS) -> Sparsifier:
    """Steps in which nothing else moves the weights."""
    sparsifier = Sparsifier(settings, network)
    for step in range(steps):
        moment = TrainingStep(step, step / STEPS, 1e-3)
        sparsifier.before_step(moment)
        sparsifier.before_update(moment)
        sparsifier.after_step(moment)
    return sparsifier


def test_magnitude_mask_drops_the_smallest():
    weights = torch.tensor([[0.1, -0.5], [0.3, -0.2]])
    assert magnitude_mask(weights, 0.5).tolist() == [[0, 1], [1, 0]]
    assert magnitude_mask(weights, 0.0).tolist() == [[1, 1], [1, 1]]


@pytest.mark.parametrize(("rows", "columns"), [(64, 32), (67, 40), (5, 16)])
def test_balanced_mask_gives_each_lane_the_same_work_in_each_block(rows: int, columns: int):
    lanes, block, sparsity = 8, 16, 0.75
    weights = torch.randn(rows, columns, generator=torch.Generator().manual_seed(1))
    mask = balanced_mask(weights, sparsity, lanes, block)
    full = rows - rows % lanes
    for start in range(0, columns, block):
        part = mask[:full, start : start + block]
        work = [int(part[lane::lanes].sum()) for lane in range(lanes)]
        assert len(set(work)) == 1
    assert mask.mean().item() == pytest.approx(1 - sparsity, abs=0.02)
    lane_block = (weights.abs() * mask)[0:full:lanes, :block], weights.abs()[0:full:lanes, :block]
    if full:
        kept, every = lane_block
        assert kept[kept > 0].min() >= every[kept == 0].max()


@pytest.mark.parametrize("method", ["gradual", "compressed-sensing", "one-shot"])
@pytest.mark.parametrize("pattern", ["free", "balanced"])
def test_every_method_ends_at_its_share_and_leaves_the_embedding(method: str, pattern: str):
    network = model()
    before = network.embedding.weight.detach().clone()
    settings = Sparsity(method, 0.75, pattern, choose_every_steps=5, lanes=4, block_columns=8)
    sparsifier = trained(settings, network)
    for name, weights in network.matrices().items():
        zeros = (weights == 0).float().mean().item()
        assert zeros == pytest.approx(0.0 if name == EMBEDDING else 0.75, abs=0.03), name
    assert torch.equal(network.embedding.weight, before)
    assert sparsifier.notes()["sparsity"] == pytest.approx(0.75, abs=0.02)


def test_compressed_sensing_comes_near_its_target_before_the_hard_mask():
    network, untouched = model(), model()
    settings = Sparsity("compressed-sensing", 0.5, pull=0.5, threshold=0.001, choose_every_steps=1)
    trained(settings, network, steps=STEPS // 2 - 1)
    for name in ("encoder.1.recurrent", "joint.output"):
        weights, before = network.matrices()[name].detach(), untouched.matrices()[name].detach()
        kept = magnitude_mask(before, 0.5) > 0
        assert (weights[~kept].norm() / before[~kept].norm()).item() < 0.4
        assert (weights[kept].norm() / before[kept].norm()).item() > 0.95


def test_deploying_shows_the_zeros_and_withdrawing_takes_them_back():
    network = model()
    sparsifier = trained(Sparsity("compressed-sensing", 0.5, choose_every_steps=1), network, steps=8)
    before = {name: weights.detach().clone() for name, weights in network.matrices().items()}
    sparsifier.deploy()
    assert (network.matrices()["joint.output"] == 0).float().mean() > 0.3
    sparsifier.withdraw()
    assert all(torch.equal(weights, before[name]) for name, weights in network.matrices().items())
