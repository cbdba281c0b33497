"""Training's copy of the chip's arithmetic: the integer engine agrees, and gradients are those of the float layer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.compress import compress  # noqa: E402 (needs torch)
from azsim.nn.fixed_point import GATE_BITS, quantise_int8  # noqa: E402 (needs torch)
from azsim.nn.rnnt.formats import LstmFormat  # noqa: E402 (needs torch)
from azsim.nn.rnnt.integer_rnnt import Encoder, IntegerModel  # noqa: E402 (needs torch)
from azsim.train import chip_arithmetic  # noqa: E402 (needs torch)
from azsim.train.activations import ChipActivations  # noqa: E402 (needs torch)
from azsim.train.data import Normaliser, load_utterances  # noqa: E402 (needs torch)
from azsim.train.export import as_network  # noqa: E402 (needs torch)
from azsim.train.levels import levels_of, snap  # noqa: E402 (needs torch)
from azsim.train.model import Shape, Transducer  # noqa: E402 (needs torch)
from azsim.train.recipe import Quantisation  # noqa: E402 (needs torch)
from azsim.train.tokens import BLANK_PIECE, Pieces  # noqa: E402 (needs torch)
from azsim.train.trainer import Trainer  # noqa: E402 (needs torch)
from tests.train.recipes import place_in, tiny_recipe  # noqa: E402 (needs torch)


@pytest.fixture
def snapped_model() -> Transducer:
    """A random network whose weights lie on 8-bit grids."""
    torch.manual_seed(0)
    model = Transducer(Shape(11, hidden=16, embedding=16, joint=12)).eval()
    for weights in model.matrices().values():
        weights.data.mul_(3)
        snap(weights.detach(), levels_of(weights.detach().numpy(), 8, "packed"))
    return model


def test_encoder_and_joint_agree_with_the_integer_engine(snapped_model: Transducer, tiny_corpus: Path):
    splits = load_utterances(tiny_corpus, ["shard-00"])
    normaliser = Normaliser.measure(splits["train"])
    pieces = Pieces((BLANK_PIECE, *"abcdefghij"))
    network = as_network(snapped_model, normaliser, pieces, "random")
    activations = ChipActivations(snapped_model)
    activations.begin(network, splits, is_resumed=False)
    engine = IntegerModel.of(compress(replace(network, activation_scales=activations.scales()), codec="raw"))
    frames = normaliser(splits["train"][0].features[:120].astype(np.float32))
    steps = quantise_int8(frames, engine.feature_scale).reshape(-1, 192)
    wanted = Encoder(engine).push(steps)
    with torch.no_grad():
        found = (
            snapped_model.project_encoder(snapped_model.encode(torch.from_numpy(frames[None])))[:, 0] * 2.0**GATE_BITS
        )
    assert torch.equal(found, found.round())
    difference = np.abs(found.numpy() - wanted)
    assert (difference == 0).mean() > 0.95
    assert difference.max() < 0.01 * np.abs(wanted).max()


def test_the_gradient_is_near_that_of_the_float_layer():
    torch.manual_seed(1)
    layer = torch.nn.LSTM(6, 5)
    inputs = (torch.randint(-100, 100, (7, 3, 6)) / 64).requires_grad_()
    exact_out, (_, exact_cell) = layer(inputs)
    (exact_out.sum() + 2 * exact_cell.sum()).backward()
    wanted = [inputs.grad.clone(), *(p.grad.clone() for p in layer.parameters())]
    inputs.grad = None
    layer.zero_grad()
    out, (last, cell) = chip_arithmetic.lstm(layer, inputs, LstmFormat(11, 7))
    (out.sum() + 2 * cell.sum()).backward()
    assert torch.equal(last[0], out[-1])
    assert (out - exact_out).abs().max() < 0.03
    for expected, found in zip(wanted, [inputs.grad, *(p.grad for p in layer.parameters())], strict=True):
        assert (expected - found).norm() < 0.05 * expected.norm()


def test_rounding_is_halves_away_from_zero():
    values = torch.tensor([0.5, -0.5, 1.5, -1.49, 2.0])
    assert chip_arithmetic.rounded(values).tolist() == [1, -1, 2, -1, 2]
    assert chip_arithmetic.int8(torch.tensor([300.0, -300.0]), 1.0).tolist() == [127, -127]


def test_training_with_the_chips_activations_resumes_and_exports_its_scales(tiny_corpus: Path, tmp_path: Path):
    quantisation = Quantisation("fake-quant", 4, "packed", levels_every_steps=2, activations=True)
    recipe = tiny_recipe(steps=6, flat_steps=2, quantisation=quantisation)
    whole = Trainer(recipe, place_in(tiny_corpus, tmp_path / "whole"))
    whole.run()
    place = place_in(tiny_corpus, tmp_path / "broken")
    first = Trainer(recipe, place)
    first.model.train()
    for _, chosen in zip(range(3), first.batches(), strict=False):
        first.step(chosen)
    first.save()
    second = Trainer(recipe, place)
    second.run()
    assert torch.equal(whole.flat.parameter, second.flat.parameter)
    from azsim.compress.stored import load_network

    network = load_network(tmp_path / "whole" / "final.safetensors")
    assert network.activation_scales == whole.mechanisms[1].scales()
    assert set(network.activation_scales) >= {"features", "encoder.2.cell", "prediction.0.hidden"}
