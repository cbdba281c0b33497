"""A bidirectional network is read and runs in float; the chip's engine refuses it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from azsim.compress import compress
from azsim.errors import InputError
from azsim.nn.rnnt.float_rnnt import FloatTransducer
from azsim.nn.rnnt.integer_rnnt import IntegerModel
from azsim.nn.rnnt.load import load_network
from azsim.nn.rnnt.network import Network
from azsim.nn.rnnt.save import save_network
from tests.conftest import random_network


def bidirectional(seed: int = 0, hidden: int = 6) -> Network:
    """A random network whose encoder layers have a reverse direction."""
    network = random_network(seed, hidden=(hidden, hidden))
    rng = np.random.default_rng(seed)
    parameters = dict(network.parameters)
    for i, width in enumerate((192, 4 * hidden)):
        for layer in (f"encoder.{i}", f"encoder.{i}.reverse"):
            parameters[f"{layer}.input"] = rng.normal(0, 0.3, (4 * hidden, width)).astype(np.float32)
            parameters[f"{layer}.recurrent"] = rng.normal(0, 0.3, (4 * hidden, hidden)).astype(np.float32)
            parameters[f"{layer}.bias"] = rng.normal(0, 0.3, 4 * hidden).astype(np.float32)
    parameters["joint.encoder"] = rng.normal(0, 1, (11, 2 * hidden)).astype(np.float32)
    return replace(network, parameters=parameters)


def test_it_round_trips_and_counts_its_layers_once(tmp_path):
    network = bidirectional()
    path = tmp_path / "model.safetensors"
    save_network(network, path)
    read = load_network(path)
    assert read.is_bidirectional
    assert read.encoder_layers == 2
    assert read.weights == network.weights


def test_the_reverse_direction_reads_from_the_end_whatever_the_padding():
    network = bidirectional()
    rng = np.random.default_rng(1)
    short, long = (rng.normal(5, 2, (frames, 64)).astype(np.float32) for frames in (30, 60))
    run = FloatTransducer(network)
    alone, together = run.recognise([short])[0], run.recognise([long, short])[1]
    assert alone == together
    changed = short.copy()
    changed[-6:] += 30
    steps = [run.steps(each) for each in (short, changed)]
    before, after = (run._encode([each])[0][0] for each in steps)
    assert not np.allclose(before, after)


def test_it_equals_pytorch():
    torch = pytest.importorskip("torch", reason="compares with PyTorch, the extra `train`")
    from azsim.train.export import exported_tensors
    from azsim.train.model import Shape, Transducer

    torch.manual_seed(0)
    model = Transducer(Shape(11, 6, 7, 11, prediction=9, bidirectional=True)).eval()
    network = random_network(0, hidden=(6, 6, 6))
    tensors = {name: tensor.numpy() for name, tensor in exported_tensors(model).items()}
    front = {name: network.parameters[name] for name in ("frontend.mean", "frontend.inv_std")}
    network = replace(network, parameters=front | tensors)
    run = FloatTransducer(network)
    steps = run.steps(np.random.default_rng(2).normal(5, 2, (48, 64)).astype(np.float32))
    with torch.no_grad():
        encoded = model.joint_encoder(model.encode(torch.from_numpy(steps.reshape(1, 48, 64))))
    assert np.allclose(run._encode([steps])[0], encoded.numpy(), atol=1e-5)


def test_the_integer_engine_refuses_it():
    with pytest.raises(InputError, match="bidirectional encoder hears no stream"):
        IntegerModel.of(compress(bidirectional(), codec="raw"))


def test_the_processor_has_no_programs_for_it():
    with pytest.raises(InputError, match="random: a bidirectional encoder hears no stream"):
        bidirectional().programs()
