"""A network by a recipe."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.compress import MatrixRecipe, codecs, compress
from azsim.compress.codecs import get
from azsim.compress.prune import prune
from azsim.errors import InputError
from azsim.nn.rnnt.network import EMBEDDING, Network


def network(bad: float | None = None) -> Network:
    rng = np.random.default_rng(0)
    shapes = {
        "encoder.0.input": (96, 80),
        "encoder.0.recurrent": (96, 24),
        "encoder.0.bias": (96,),
        EMBEDDING: (40, 16),
        "joint.output": (40, 24),
    }
    parameters = {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    if bad is not None:
        parameters["joint.output"][1, 2] = bad
    return Network("tiny", parameters, ("a",), 3, 1, 2, 3.0, {}, "0" * 64, "models/tiny")


@pytest.mark.parametrize("codec", codecs())
@pytest.mark.parametrize(("bits", "sparsity"), [(8, 0.0), (5, 0.0), (5, 0.5), (4, 0.75), (2, 0.9)])
def test_what_is_decoded_is_close_to_the_weights(codec: str, bits: int, sparsity: float) -> None:
    source = network()
    small = compress(source, weight_bits=bits, sparsity=sparsity, codec=codec)
    assert tuple(small.matrices) == source.weight_matrices
    for name, values in small.decoded.items():
        weights = source.parameters[name]
        kept = values != 0
        assert values.shape == weights.shape
        if name != EMBEDDING:
            assert 1 - kept.mean() >= sparsity - 1 / weights.size
        step = np.abs(weights).max() * 2.0 ** (1 - bits)
        assert np.sqrt(np.mean((values * small.matrices[name].scales[0] - weights)[kept] ** 2)) <= step / 2


def test_more_bits_lose_less() -> None:
    source = network()
    for codec in ("packed", "palette", "zvsv"):
        errors = []
        for bits in (2, 4, 6, 8):
            small = compress(source, weight_bits=bits, codec=codec)
            values = small.decoded["encoder.0.input"] * small.matrices["encoder.0.input"].scales[0]
            errors.append(np.mean((values - source.parameters["encoder.0.input"]) ** 2))
        assert errors == sorted(errors, reverse=True)


def test_the_embedding_stays_dense_unless_it_is_named() -> None:
    settings = {"weight_bits": 5, "sparsity": 0.5, "codec": "zvsv"}
    assert np.mean(compress(network(), **settings).decoded[EMBEDDING] == 0) < 0.2
    named = compress(network(), **settings, overrides={EMBEDDING: MatrixRecipe(sparsity=0.5)})
    assert np.mean(named.decoded[EMBEDDING] == 0) >= 0.5


def test_the_bitmap_is_left_out_where_it_would_cost_more_than_it_saves() -> None:
    dense = compress(network(), weight_bits=5, codec="zvsv").matrices["encoder.0.input"].encoded
    sparse = compress(network(), weight_bits=5, sparsity=0.5, codec="zvsv").matrices["encoder.0.input"].encoded
    assert dense.decoder_load[:, :, 2].sum() == 5 * 96 * 80
    assert sparse.decoder_load[:, :, 2].sum() <= 3.5 * 96 * 80


def test_overrides_by_name_and_pattern_and_the_last_wins() -> None:
    small = compress(
        network(),
        weight_bits=5,
        codec="palette",
        overrides={
            "encoder.*": MatrixRecipe(codec="packed", weight_bits=6),
            "*.recurrent": MatrixRecipe(weight_bits=8),
            "joint.output": MatrixRecipe(codec="bitmap", sparsity=0.6),
        },
    )
    found = {name: (matrix.encoded.codec, matrix.encoded.weight_bits) for name, matrix in small.matrices.items()}
    assert found == {
        "encoder.0.input": ("packed", 6),
        "encoder.0.recurrent": ("packed", 8),
        EMBEDDING: ("palette", 5),
        "joint.output": ("bitmap", 8),
    }
    assert np.mean(small.decoded["joint.output"] == 0) >= 0.6


def test_names_tell_configurations_apart() -> None:
    assert compress(network()).name == "raw-8bit"
    assert compress(network(), weight_bits=4, sparsity=0.75, codec="zvsv").name == "zvsv-4bit-75%"
    assert compress(network(), name="mine").name == "mine"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"codec": "zvsw"}, "did you mean 'zvsv'"),
        ({"weight_bits": 9}, "weight_bits = 9"),
        ({"weight_bits": 1}, "2 to 8 bits"),
        ({"sparsity": 1.5}, "sparsity = 1.5"),
        ({"overrides": {"encoder.0.inptu": MatrixRecipe()}}, "did you mean 'encoder.0.input'"),
        ({"overrides": {"joint.*": MatrixRecipe(codec="bitmpa")}}, "tiny: joint.output: .*did you mean 'bitmap'"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        compress(network(), **settings)


def test_weights_that_are_not_finite_are_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"models/tiny: joint\.output: .*not finite"):
        compress(network(bad=np.nan), sparsity=0.5)


@pytest.mark.parametrize("sparsity", [0.0, 0.1, 0.6])
def test_codecs_that_differ_in_bits_alone_store_the_same_values(sparsity: float) -> None:
    for same in (("zvsv", "huffman", "golomb"), ("palette", "run-length", "csc")):
        first, *others = (compress(network(), weight_bits=4, sparsity=sparsity, codec=codec).decoded for codec in same)
        for other in others:
            for name, values in first.items():
                np.testing.assert_array_equal(other[name], values)


def test_every_codec_gets_the_grid_that_its_class_asks_for() -> None:
    """What a codec loses is decided by its grid and its zeros, not by its name."""
    for sparsity in (0.0, 0.6):
        found: dict[tuple[str, bool], list[np.ndarray]] = {}
        for codec in codecs():
            small = compress(network(), weight_bits=4, sparsity=sparsity, codec=codec)
            found.setdefault((get(codec).grid, get(codec).zero_is_free), []).extend(
                [small.decoded["encoder.0.input"] * small.matrices["encoder.0.input"].scales[0]]
            )
        assert set(found) == {("uniform", False), ("palette", False), ("palette", True)}
        for same in found.values():
            for other in same[1:]:
                np.testing.assert_array_equal(same[0], other)
        source = prune(network().parameters["encoder.0.input"], sparsity)
        losses = {key: float(np.mean((same[0] - source) ** 2)) for key, same in found.items()}
        assert losses["palette", True] <= losses["palette", False] < losses["uniform", False]


def test_options_reach_the_matrices_they_are_meant_for() -> None:
    small = compress(
        network(),
        weight_bits=4,
        codec="run-length",
        options={"run_bits": 2},
        overrides={"joint.*": MatrixRecipe(options={"run_bits": 5}), EMBEDDING: MatrixRecipe(codec="zvsv")},
    )
    run_bits = {name: matrix.encoded.data[6] for name, matrix in small.matrices.items() if name != EMBEDDING}
    assert run_bits == {"encoder.0.input": 2, "encoder.0.recurrent": 2, "joint.output": 5}
    assert small.asked["joint.output"].options.run_bits == 5
    assert small.asked[EMBEDDING].options is None
    with pytest.raises(InputError, match=r"encoder\.0\.input: codec 'run-length': run_bits = 9"):
        compress(network(), weight_bits=4, codec="run-length", options={"run_bits": 9})
    with pytest.raises(InputError, match=r"joint\.output: codec 'run-length': runs: unknown key"):
        compress(network(), codec="run-length", overrides={"joint.*": MatrixRecipe(options={"runs": 1})})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"name": 5}, "name: int: must be a text"),
        ({"layout": None}, "layout: NoneType: must be a TileLayout"),
        ({"overrides": 5}, "overrides: int: must be names or patterns"),
        ({"overrides": {"joint.*": 5}}, r"overrides: 'joint\.\*': int: must be a name with a MatrixRecipe"),
        ({"overrides": {3: MatrixRecipe()}}, "overrides: 3: MatrixRecipe: must"),
        ({"codec": None}, "codec None is not known"),
        ({"sparsity": float("nan")}, "sparsity = nan"),
        ({"sparsity": "x"}, "sparsity"),
        ({"weight_bits": "5"}, "weight_bits = '5'"),
        ({"options": [1]}, "options are names with values"),
        ({"options": {"bypass": [1]}, "codec": "zvsv"}, "bypass: list: is no value of an option"),
    ],
)
def test_arguments_of_another_type_are_refused_in_words(settings: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        compress(network(), **settings)


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(InputError, match="str: must be a network"):
        compress("rnnt-student")
