"""Growing keeps what a network computes; shrinking keeps what others listen to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from azsim.errors import InputError

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.train.model import Shape, Transducer  # noqa: E402 (needs torch)
from azsim.train.resize import grown, resized, shrunk  # noqa: E402 (needs torch)

SMALL = Shape(vocabulary=11, hidden=6, embedding=5, joint=7, prediction=4, mel_bins=8)
LABELS = torch.tensor([[0, 0], [3, 4], [5, 6]])


def _scores(model: Transducer, features: torch.Tensor) -> torch.Tensor:
    model.eval()
    with torch.no_grad():
        encoded = model.encode(features)
        predicted = model.project_prediction(model.predict(LABELS)[0])
        return model.scores(model.project_encoder(encoded)[:, None] + predicted[None])


@pytest.mark.parametrize(
    "shape",
    [
        SMALL,
        Shape(11, 9, 5, 7, 4, False, 8),
        Shape(11, 6, 5, 7, 4, True, 8),
        Shape(11, 8, 9, 10, 6, True, 8),
    ],
    ids=["as it was", "more cells", "second direction", "all wider"],
)
def test_begins_as_the_smaller_network(shape: Shape) -> None:
    torch.manual_seed(3)
    small, features = Transducer(SMALL), torch.randn(2, 24, 8)
    large = grown(small, shape)
    assert large.shape == shape
    torch.testing.assert_close(_scores(large, features), _scores(small, features), rtol=1e-5, atol=1e-6)


def test_grows_again_from_two_directions() -> None:
    torch.manual_seed(4)
    small, features = grown(Transducer(SMALL), Shape(11, 6, 5, 7, 4, True, 8)), torch.randn(2, 24, 8)
    large = grown(small, Shape(11, 8, 5, 7, 4, True, 8))
    torch.testing.assert_close(_scores(large, features), _scores(small, features), rtol=1e-5, atol=1e-6)


def test_new_cells_learn() -> None:
    torch.manual_seed(5)
    large = grown(Transducer(SMALL), Shape(11, 8, 5, 7, 4, True, 8))
    large.encode(torch.randn(2, 24, 8)).square().sum().backward()
    reverse = large.encoder[0].weight_ih_l0_reverse.grad
    assert reverse.abs().sum() > 0


def test_shrinking_undoes_growing() -> None:
    torch.manual_seed(6)
    small, features = Transducer(SMALL), torch.randn(2, 24, 8)
    large = grown(small, Shape(11, 9, 8, 10, 7, False, 8))
    with torch.no_grad():  # nothing listens to what is new
        for layer, old in (*((each, 6) for each in large.encoder), (large.prediction, 4)):
            layer.weight_hh_l0[:, old:] = 0
        for layer, old in ((large.joint_output, 7), (large.joint_prediction, 4), (large.joint_encoder, 6)):
            layer.weight[:, old:] = 0
        large.encoder[1].weight_ih_l0.view(-1, 2, 9)[:, :, 6:] = 0
        large.encoder[2].weight_ih_l0[:, 6:] = 0
        large.prediction.weight_ih_l0[:, 5:] = 0
    again = shrunk(large, SMALL)
    torch.testing.assert_close(_scores(again, features), _scores(small, features), rtol=1e-5, atol=1e-6)


def test_the_units_most_listened_to_stay_in_order() -> None:
    torch.manual_seed(7)
    large = Transducer(SMALL)
    with torch.no_grad():
        large.joint_output.weight.zero_()
        large.joint_output.weight[0, [5, 2]] = torch.tensor([1.0, 2.0])
    small = shrunk(large, Shape(11, 6, 5, 2, 4, False, 8))
    torch.testing.assert_close(small.joint_output.weight[0], torch.tensor([2.0, 1.0]))
    torch.testing.assert_close(small.joint_encoder.weight, large.joint_encoder.weight[[2, 5]])


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (Shape(11, 5, 9, 7, 4, False, 8), "embedding is larger and hidden smaller than it was"),
        (Shape(11, 5, 5, 7, 4, True, 8), "bidirectional is larger and hidden smaller"),
        (Shape(12, 6, 5, 7, 4, False, 8), "only with the labels"),
    ],
)
def test_refuses_what_is_neither(shape: Shape, said: str) -> None:
    with pytest.raises(InputError, match=said):
        resized(Transducer(SMALL), shape)


def test_branches_are_refused() -> None:
    with pytest.raises(InputError, match="with branches cannot be resized"):
        resized(Transducer(replace(SMALL, branch_rank=2, arbiter=2)), SMALL)


def test_two_directions_do_not_become_one() -> None:
    with pytest.raises(InputError, match="two directions can only grow"):
        resized(Transducer(Shape(11, 6, 5, 7, 4, True, 8)), SMALL)
