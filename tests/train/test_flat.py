"""One vector of parameters, gradients and Adam state, against Adam in plain NumPy."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra `train`")

import torch

from azsim.train.flat import FlatParameters


def flat(seed: int = 0) -> tuple[torch.nn.Module, FlatParameters]:
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2, bias=False))
    return model, FlatParameters(model, sums=2)


def test_every_parameter_is_a_view_of_the_vector():
    model, parameters = flat()
    assert parameters.parameter.numel() == sum(p.numel() for p in model.parameters()) == 24
    parameters.parameter.data.copy_(torch.arange(24.0))
    for name, own in model.named_parameters():
        place = parameters.slices[name]
        assert own.reshape(-1).tolist() == list(range(place.start, place.stop))
    ends = sorted((place.start, place.stop) for place in parameters.slices.values())
    assert [start for start, _ in ends] == [0, *(stop for _, stop in ends[:-1])]


def test_gradients_add_up_in_the_vector_and_sums_beside_them():
    model, parameters = flat()
    for _ in range(2):
        model(torch.ones(1, 3)).sum().backward()
        parameters.sums += torch.tensor([3.0, 4.0])
    gradient = torch.cat([p.grad.reshape(-1) for p in model.parameters()])
    assert torch.equal(parameters.parameter.grad, gradient)
    assert gradient.abs().sum() > 0
    assert parameters.sums.tolist() == [6, 8]
    parameters.add_up()  # alone: nothing to add
    assert parameters.sums.tolist() == [6, 8]
    parameters.zero()
    assert not parameters.parameter.grad.any()
    assert not parameters.sums.any()


@pytest.mark.parametrize(("divisor", "largest", "after"), [(1.0, 100.0, 10.0), (5.0, 100.0, 2.0), (1.0, 4.0, 4.0)])
def test_the_norm_is_limited_and_told_as_it_was(divisor: float, largest: float, after: float):
    _, parameters = flat()
    gradient = torch.randn(24)
    parameters.parameter.grad.copy_(10 * gradient / gradient.norm())
    assert parameters.average(divisor, largest) == pytest.approx(10 / divisor, rel=1e-5)
    assert float(parameters.parameter.grad.norm()) == pytest.approx(after, rel=1e-5)
    assert torch.allclose(parameters.parameter.grad / after, gradient / gradient.norm(), atol=1e-6)


def test_steps_are_adams():
    rng, (_, parameters) = np.random.default_rng(1), flat()
    values = parameters.parameter.detach().numpy().astype(np.float64)
    mean, square = np.zeros(24), np.zeros(24)
    for step in range(1, 5):
        gradient, rate = rng.normal(size=24), 0.01 * step
        parameters.parameter.grad.copy_(torch.from_numpy(gradient))
        parameters.step(rate)
        mean, square = 0.9 * mean + 0.1 * gradient, 0.98 * square + 0.02 * gradient**2
        values -= rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.98**step)) + 1e-8)
        np.testing.assert_allclose(parameters.parameter.detach().numpy(), values, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("before", [0, 2])
def test_a_state_goes_on_as_if_never_stopped(before: int):
    rng = np.random.default_rng(2)
    gradients = torch.from_numpy(rng.normal(size=(5, 24)).astype(np.float32))
    _, unbroken = flat(3)
    for gradient in gradients[:before]:
        unbroken.parameter.grad.copy_(gradient)
        unbroken.step(0.01)
    state = unbroken.state()
    kept = {name: tensor.clone() for name, tensor in state.items()}
    _, resumed = flat(4)
    resumed.restore(state)
    for each in (unbroken, resumed):
        for gradient in gradients[before:]:
            each.parameter.grad.copy_(gradient)
            each.step(0.02)
    assert torch.equal(unbroken.parameter, resumed.parameter)
    assert all(torch.equal(state[name], kept[name]) for name in kept)
    assert float(resumed.state()["adam.steps"]) == 5
