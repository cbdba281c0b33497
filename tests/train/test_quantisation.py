"""The three ways onto few values: what the forward pass sees, what the update moves, what is left in the end."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.train.flat import FlatParameters  # noqa: E402 (needs torch)
from azsim.train.mechanism import TrainingStep  # noqa: E402 (needs torch)
from azsim.train.model import Shape, Transducer  # noqa: E402 (needs torch)
from azsim.train.quantisation import Quantiser  # noqa: E402 (needs torch)
from azsim.train.recipe import Quantisation  # noqa: E402 (needs torch)

NAME = "encoder.1.recurrent"


def start(settings: Quantisation) -> tuple[Transducer, FlatParameters, Quantiser]:
    torch.manual_seed(0)
    model = Transducer(Shape(vocabulary=11, hidden=16, embedding=16, joint=16))
    quantiser = Quantiser(settings, model)
    return model, FlatParameters(model, 0), quantiser


def test_fake_quant_shows_the_grid_forward_and_moves_the_real_weights():
    model, flat, quantiser = start(Quantisation("fake-quant", 2, "packed"))
    real = flat.parameter.detach().clone()
    quantiser.before_step(TrainingStep(0, 0.0, 1e-3))
    assert len(torch.unique(model.matrices()[NAME])) <= 3
    flat.parameter.grad.fill_(1.0)
    quantiser.before_update(TrainingStep(0, 0.0, 1e-3))
    assert torch.equal(flat.parameter, real)
    flat.step(1e-3)
    assert (flat.parameter < real).all()


def test_fake_quant_waits_for_its_share_of_the_run():
    _, flat, quantiser = start(Quantisation("fake-quant", 2, "packed", from_share=0.5))
    real = flat.parameter.detach().clone()
    quantiser.before_step(TrainingStep(4, 0.4, 1e-3))
    assert torch.equal(flat.parameter, real)
    quantiser.before_step(TrainingStep(5, 0.5, 1e-3))
    assert not torch.equal(flat.parameter, real)


def test_the_regulariser_grows_and_alone_brings_weights_to_the_grid():
    _, flat, quantiser = start(Quantisation("regularised", 3, "packed", strength=1.0, levels_every_steps=1000))
    distances, steps = [], 200
    for step in range(steps):
        moment = TrainingStep(step, step / steps, 1e-3)
        quantiser.before_step(moment)
        flat.zero()
        quantiser.before_update(moment)
        if step == 0:
            assert (flat.parameter.grad == 0).all()
        flat.step(2e-3 * (1 - step / steps))
        quantiser.after_step(moment)
        distances.append(quantiser.notes()["regulariser_per_weight"])
    assert distances[-1] < 0.1 * max(distances)


def test_multi_regional_snaps_now_and_then():
    settings = Quantisation("multi-regional", 2, "palette", snap_every_steps=3)
    model, _, quantiser = start(settings)
    for step in range(3):
        assert len(torch.unique(model.matrices()[NAME])) > 4
        moment = TrainingStep(step, step / 10, 1e-3)
        quantiser.before_step(moment)
        quantiser.after_step(moment)
    assert len(torch.unique(model.matrices()[NAME])) <= 4


def test_deploying_between_steps_changes_nothing_of_the_training():
    model, flat, quantiser = start(Quantisation("fake-quant", 3, "palette"))
    quantiser.before_step(TrainingStep(0, 0.0, 1e-3))
    quantiser.before_update(TrainingStep(0, 0.0, 1e-3))
    flat.parameter.data.mul_(1.1)
    weights = flat.parameter.detach().clone()
    state = quantiser.state()
    quantiser.deploy()
    assert all(len(torch.unique(matrix)) <= 8 for matrix in model.matrices().values())
    quantiser.withdraw()
    assert torch.equal(flat.parameter, weights)
    assert all(torch.equal(state[name], levels) for name, levels in quantiser.state().items())
