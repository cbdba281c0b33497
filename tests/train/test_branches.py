"""An encoder with branches against the same recurrence written step by step, and against the plain encoder."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.train.branches import _straight_through  # noqa: E402 (after the check for torch)
from azsim.train.branching import branched, step_products  # noqa: E402
from azsim.train.model import Dropout, Shape, Transducer  # noqa: E402
from azsim.train.recipe import Branching  # noqa: E402

SHAPE = Shape(9, hidden=6, embedding=5, joint=7, mel_bins=4)


def network(choice: str = "arbiter", rank: int = 4) -> Transducer:
    torch.manual_seed(1)
    model = branched(Transducer(SHAPE), Branching(choice, rank=rank, arbiter=4))
    model.branches.choice = choice
    return model.eval()


def features(batch: int = 3, frames: int = 24) -> torch.Tensor:
    return torch.randn(batch, frames, SHAPE.mel_bins, generator=torch.Generator().manual_seed(2))


def plain_layer(branches, index, large, inputs, picked):
    """The layer as its definition says, for autograd."""
    hidden = cell = torch.zeros(inputs.shape[1], large.hidden_size)
    outputs = []
    for x, share in zip(inputs, picked, strict=True):
        wide = x @ large.weight_ih_l0.t() + hidden @ large.weight_hh_l0.t() + large.bias_ih_l0 + large.bias_hh_l0
        narrow = x @ branches.input[index].t() + hidden @ branches.recurrent[index].t()
        small = narrow @ branches.expand[index].t() + branches.bias[index]
        gates = share[:, None] * wide + (1 - share[:, None]) * small
        enter, forget, candidate, output = gates.chunk(4, 1)
        cell = torch.sigmoid(forget) * cell + torch.sigmoid(enter) * torch.tanh(candidate)
        hidden = torch.sigmoid(output) * torch.tanh(cell)
        outputs.append(hidden)
    return torch.stack(outputs)


def test_a_layer_and_its_gradients_are_those_of_its_definition() -> None:
    model = network()
    inputs = torch.randn(5, 2, SHAPE.mel_bins * 3)
    given = torch.rand(5, 2)
    results = []
    for layer in (model.branches.layer, lambda *a: plain_layer(model.branches, *a)):
        model.zero_grad()
        x, share = inputs.clone().requires_grad_(), given.clone().requires_grad_()
        out = layer(0, model.encoder[0], x, share)
        (out * torch.linspace(-1, 1, out.numel()).view_as(out)).sum().backward()
        own = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
        results.append((out.detach(), x.grad, share.grad, own))
    (out, to_x, to_share, own), (wanted, x_wanted, share_wanted, all_wanted) = results
    torch.testing.assert_close(out, wanted)
    torch.testing.assert_close(to_x, x_wanted)
    torch.testing.assert_close(to_share, share_wanted)
    assert own.keys() == all_wanted.keys()
    for name, gradient in own.items():
        torch.testing.assert_close(gradient, all_wanted[name], msg=name)


def test_the_large_branch_is_the_network_it_came_from() -> None:
    torch.manual_seed(1)
    plain = Transducer(SHAPE, Dropout(0, 0, 0)).eval()
    model = branched(plain, Branching("large", rank=4)).eval()
    torch.testing.assert_close(model.encode(features()), plain.encode(features()))


def test_a_small_branch_of_full_rank_is_the_large_one() -> None:
    model = network(rank=6)
    with torch.no_grad():  # a layer whose weights have rank 6
        for layer in model.encoder:
            layer.weight_ih_l0[6:] = layer.weight_ih_l0[:6].repeat(3, 1)
            layer.weight_hh_l0[6:] = layer.weight_hh_l0[:6].repeat(3, 1)
    model.branches.factorise(model.encoder)
    model.branches.choice = "small"
    small = model.encode(features())
    model.branches.choice = "large"
    torch.testing.assert_close(small, model.encode(features()), atol=1e-5, rtol=1e-4)


def test_wake_word_frames_take_the_small_branch() -> None:
    model = network("wake-word")
    model.encode(features(2, 24), torch.tensor([0.0, 12.0]))
    assert model.branches.picked.t().tolist() == [[1.0] * 8, [0.0] * 4 + [1.0] * 4]


def test_chance_picks_the_share_it_is_given() -> None:
    model = network("random")
    model.branches.large_share = 0.25
    torch.manual_seed(3)
    model.encode(features(50, 240))
    assert abs(float(model.branches.picked.mean()) - 0.25) < 0.03


def test_the_arbiter_chooses_hard_and_learns_through_the_choice() -> None:
    torch.manual_seed(4)
    score = torch.zeros(2000, requires_grad=True)
    picked = _straight_through(score, 1.0)
    assert set(picked.detach().tolist()) == {0.0, 1.0}
    assert abs(float(picked.detach().mean()) - 0.5) < 0.05
    picked.sum().backward()
    assert (score.grad > 0).all()
    model = network().train()
    model.encode(features()).sum().backward()
    assert float(model.branches.arbiter_score.weight.grad.abs().sum()) > 0


def test_products_count_the_layers_above_at_the_last_of_the_joined_steps() -> None:
    model = network()
    lower = 24 * (12 + 6)
    assert step_products(model) == [lower, lower + 24 * (12 + 6) + 24 * (6 + 6)]
