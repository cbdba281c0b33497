"""The LSTM as one function, beside PyTorch's own."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.train.lstm import lstm  # noqa: E402


@pytest.mark.parametrize("is_bidirectional", [False, True])
@pytest.mark.parametrize("steps", [1, 9])
def test_values_and_gradients_are_those_of_pytorch_in_float64(is_bidirectional: bool, steps: int):
    torch.manual_seed(steps)
    layer = torch.nn.LSTM(5, 6, bidirectional=is_bidirectional).double()
    inputs = torch.randn(steps, 3, 5, dtype=torch.float64, requires_grad=True)
    state = tuple(torch.randn(1, 3, 6, dtype=torch.float64, requires_grad=True) for _ in range(2))
    given = None if is_bidirectional else state
    found = []
    for outputs, (hidden, cell) in (layer(inputs, given), lstm(layer, inputs, given)):
        weights = torch.linspace(-1, 1, outputs.numel(), dtype=torch.float64).view_as(outputs)
        loss = (outputs * weights).sum() + hidden.square().sum() + cell.sin().sum()
        gradients = torch.autograd.grad(loss, [inputs, *layer.parameters(), *(given or ())])
        found.append([outputs, hidden, cell, *gradients])
    for expected, own in zip(*found, strict=True):
        torch.testing.assert_close(own, expected, rtol=1e-12, atol=1e-12)


def test_gradient_passes_finite_differences():
    torch.manual_seed(3)
    layer = torch.nn.LSTM(2, 3).double()
    inputs = torch.randn(4, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: lstm(layer, x)[0], inputs)


def test_float32_is_near_and_autocast_takes_bfloat16_products():
    torch.manual_seed(4)
    layer, inputs = torch.nn.LSTM(12, 16), torch.randn(20, 4, 12)
    expected = layer(inputs)[0]
    torch.testing.assert_close(lstm(layer, inputs)[0], expected, rtol=1e-5, atol=1e-6)
    with torch.autocast("cpu", torch.bfloat16):
        outputs, (_, cell) = lstm(layer, inputs)
    assert outputs.dtype == torch.bfloat16
    assert cell.dtype == torch.float32
    torch.testing.assert_close(outputs.float(), expected, rtol=0.05, atol=0.02)
