"""Growing keeps what a network computes."""

from __future__ import annotations

import pytest
import torch

from azsim.errors import InputError
from azsim.train.grow import grown
from azsim.train.model import Shape, Transducer

SMALL = Shape(vocabulary=11, hidden=6, embedding=5, joint=7, prediction=4, mel_bins=8)
LABELS = torch.tensor([[0, 0], [3, 4], [5, 6]])


def _scores(model: Transducer, features: torch.Tensor) -> torch.Tensor:
    model.eval()
    with torch.no_grad():
        encoded = model.encode(features)
        said = model.said(model.predict(LABELS)[0])
        return model.scores(model.heard(encoded)[:, None] + said[None])


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


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (Shape(11, 5, 5, 7, 4, False, 8), "hidden = 5: a network of 6 can only grow; give at least 6"),
        (Shape(12, 6, 5, 7, 4, False, 8), "only with the labels"),
    ],
)
def test_refuses_to_shrink(shape: Shape, said: str) -> None:
    with pytest.raises(InputError, match=said):
        grown(Transducer(SMALL), shape)
