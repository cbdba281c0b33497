"""Branches in the integer engine: against plain Python integers, against the networks they are made of, and torch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from azsim.compress.recipe import compress
from azsim.errors import InputError
from azsim.nn.rnnt.branching import Always, Arbiter, Chance, CommandFrom
from azsim.nn.rnnt.float_rnnt import FloatTransducer
from azsim.nn.rnnt.integer_rnnt import Encoder, IntegerModel
from azsim.nn.rnnt.load import load_network
from azsim.nn.rnnt.save import save_network
from tests.nn.rnnt.plain_integer_rnnt import Reference, clamp, fixed, nearest
from tests.nn.rnnt.plain_integer_rnnt import bias as on_grid

NARROW_SCALE = 2.0**-4


class BranchReference(Reference):
    """Takes the small branch's gates in the encoder at the steps where it was picked."""

    def __init__(self, compressed, picked) -> None:
        super().__init__(compressed)
        self.picked, self.step = picked, -1

    def narrow(self, matrix: str, vector: list[int], scale: float) -> list[int]:
        factors = (fixed(scale * own / NARROW_SCALE) for own in self.scales[matrix])
        sums = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in self.weights[matrix])
        return [nearest(total * f.numerator, f.denominator) for total, f in zip(sums, factors, strict=True)]

    def gates(self, layer, vector, scale, hidden, hidden_scale):
        self.step += layer == "encoder.0"
        if not layer.startswith("encoder") or self.picked[self.step]:
            return super().gates(layer, vector, scale, hidden, hidden_scale)
        a = self.narrow(f"{layer}.small.input", vector, scale)
        b = self.narrow(f"{layer}.small.recurrent", hidden, hidden_scale)
        middle = [clamp(x + y, -127, 127) for x, y in zip(a, b, strict=True)]
        c = [on_grid(float(x), 2.0**-11, 32767) for x in self.network.parameters[f"{layer}.small.bias"]]
        sums = self.products(f"{layer}.small.expand", middle, NARROW_SCALE)
        return [clamp(x + y, -32768, 32767) for x, y in zip(sums, c, strict=True)]


def random_steps(seed: int, count: int = 12) -> np.ndarray:
    return np.random.default_rng(seed).integers(-127, 128, (count, 192)).astype(np.int8)


@pytest.mark.parametrize("granularity", ["tensor", "gate", "channel"])
@pytest.mark.parametrize("shape", [{}, {"hidden": (6, 5), "time_reduction_after": -1}, {"spread": 6.0}])
def test_equals_plain_integers(make_network, shape, granularity):
    compressed = compress(make_network(9, branch_rank=4, arbiter=5, **shape), granularity=granularity)
    encoder, steps = Encoder(IntegerModel.of(compressed), picker=Chance(0.5, seed=1)), random_steps(9)
    encoded = encoder.push(steps)
    assert 0 < encoder.picked.sum() < len(steps)
    assert encoded.tolist() == BranchReference(compressed, encoder.picked).encoder(steps)


def test_the_large_branch_forced_is_the_plain_network(make_network):
    plain, branched = (IntegerModel.of(compress(make_network(8, branch_rank=rank))) for rank in (0, 4))
    steps = random_steps(8)
    wanted = Encoder(plain).push(steps)
    assert np.array_equal(Encoder(branched, picker=Always(True)).push(steps), wanted)
    assert np.array_equal(Encoder(branched).push(steps), wanted)  # without an arbiter it is the default


def test_a_small_branch_that_is_the_whole_layer_is_the_plain_network(make_network):
    """Rank 4H with U = 1: the narrow vector is then the layer's own sums, and only its rounding to int8 is left."""
    network = make_network(8, hidden=(6, 6), spread=0.3)
    parameters = dict(network.parameters)
    for i in range(2):
        rows = len(parameters[f"encoder.{i}.input"])
        parameters[f"encoder.{i}.small.input"] = parameters[f"encoder.{i}.input"]
        parameters[f"encoder.{i}.small.recurrent"] = parameters[f"encoder.{i}.recurrent"]
        parameters[f"encoder.{i}.small.expand"] = np.eye(rows, dtype=np.float32)
        parameters[f"encoder.{i}.small.bias"] = parameters[f"encoder.{i}.bias"]
    scales = {f"encoder.{i}.small.narrow": 2.0**-5 for i in range(2)}
    model = IntegerModel.of(compress(replace(network, parameters=parameters, activation_scales=scales)))
    steps = random_steps(8) // 16
    small, large = (Encoder(model, picker=Always(each)).push(steps).astype(int) for each in (False, True))
    assert np.abs(small - large).max() < 0.1 * np.abs(large).max()


@pytest.mark.parametrize("cuts", [[1] * 12, [5, 7], [3, 0, 1, 8]])
def test_pieces_of_any_size_take_the_same_branches(make_network, cuts):
    model = IntegerModel.of(compress(make_network(8, branch_rank=4, arbiter=5)))
    steps = random_steps(7)
    whole, pieces = Encoder(model), Encoder(model)
    expected = whole.push(steps)
    parts = [pieces.push(part) for part in np.split(steps, np.cumsum(cuts)[:-1])]
    assert np.array_equal(np.concatenate(parts), expected)
    assert np.array_equal(pieces.picked, whole.picked)
    assert 0 < whole.picked.sum() < len(steps)


def test_the_arbiter_decides_as_in_float_and_by_its_threshold(make_network):
    network = make_network(8, branch_rank=4, arbiter=5)
    model, steps = IntegerModel.of(compress(network)), random_steps(3, 200)
    picked = Arbiter(model)(steps)
    floats = (steps * np.float32(model.feature_scale))[:, None]
    wanted = FloatTransducer(network)._pick(floats, np.array([len(steps)]))[:, 0]
    assert np.mean(picked == wanted) > 0.95
    shares = [Arbiter(model, threshold=threshold)(steps).mean() for threshold in (-40_000, -500, 0, 500, 40_000)]
    assert shares == sorted(shares, reverse=True)
    assert (shares[0], shares[-1]) == (1.0, 0.0)


def test_the_command_begins_at_its_step_however_steps_come():
    whole, pieces = CommandFrom(5), CommandFrom(5)
    steps = np.zeros((8, 192), np.int8)
    assert whole(steps).tolist() == [False] * 5 + [True] * 3
    assert np.concatenate([pieces(steps[:3]), pieces(steps[3:])]).tolist() == [False] * 5 + [True] * 3


def test_inputs_are_not_kept(make_network):
    model = IntegerModel.of(compress(make_network(8, branch_rank=4)))
    with pytest.raises(InputError, match="branches keeps no inputs"):
        Encoder(model, record=True)


def test_files_with_branches_are_read_and_checked(make_network, tmp_path):
    network = make_network(8, branch_rank=4, arbiter=5)
    save_network(network, tmp_path / "whole.safetensors")
    read = load_network(tmp_path / "whole.safetensors")
    assert read.has_branches
    assert read.has_arbiter
    assert sorted(read.parameters) == sorted(network.parameters)
    for name, message in (
        ("encoder.1.small.expand", r"missing encoder\.1\.small\.expand"),
        ("arbiter.score", r"missing arbiter\.score"),
    ):
        rest = {key: value for key, value in network.parameters.items() if key != name}
        save_network(replace(network, parameters=rest), tmp_path / "part.safetensors")
        with pytest.raises(InputError, match=message):
            load_network(tmp_path / "part.safetensors")
    wrong = {**network.parameters, "encoder.0.small.recurrent": np.zeros((4, 13), np.float32)}
    save_network(replace(network, parameters=wrong), tmp_path / "wrong.safetensors")
    with pytest.raises(InputError, match=r"encoder\.0\.small\.recurrent: shape \(4, 13\): must be \(4, 12\)"):
        load_network(tmp_path / "wrong.safetensors")


def test_a_scale_that_is_not_positive_is_refused(make_network):
    network = replace(make_network(8, branch_rank=4), activation_scales={"encoder.0.small.narrow": -1.0})
    with pytest.raises(InputError, match=r"encoder\.0\.small\.narrow = -1"):
        IntegerModel.of(compress(network))


def test_float_equals_torch(make_network):
    torch = pytest.importorskip("torch", reason="compares with PyTorch, the extra `train`")
    from azsim.train.branching import branched
    from azsim.train.data import Normaliser
    from azsim.train.export import as_network
    from azsim.train.model import Shape, Transducer
    from azsim.train.recipe import Branching
    from azsim.train.tokens import Pieces

    torch.manual_seed(1)
    settings = Branching("arbiter", rank=4, arbiter=4)
    model = branched(Transducer(Shape(5, hidden=8, embedding=4, joint=6)), settings).eval()
    torch.nn.init.zeros_(model.branches.arbiter_score.bias)
    normaliser = Normaliser(np.zeros(64, np.float32), np.ones(64, np.float32))
    network = as_network(model, normaliser, Pieces(("<blank>", "a", "b", "c", "d")), "tiny")
    features = np.random.default_rng(2).normal(0, 1, (60, 64)).astype(np.float32)
    encoder = FloatTransducer(network)
    found, _ = encoder._encode([encoder.steps(features)])
    with torch.no_grad():
        wanted = model.project_encoder(model.encode(torch.from_numpy(features)[None]))
    assert 0 < float(model.branches.picked.sum()) < 20
    np.testing.assert_allclose(found[:, 0], wanted[:, 0].numpy(), atol=1e-5)
