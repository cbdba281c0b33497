"""Which mechanisms a recipe asks for."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="training needs the extra `train`")


from azsim.train.activations import ChipActivations
from azsim.train.mechanisms import build_mechanisms
from azsim.train.model import Shape, Transducer
from azsim.train.mwer import MinimumErrors
from azsim.train.quantisation import Quantiser
from azsim.train.recipe import Mwer, Quantisation, Sparsity
from azsim.train.sparsity import Sparsifier
from azsim.train.tokens import BLANK_PIECE, Pieces
from tests.train.recipes import tiny_recipe

ZEROS = Sparsity(method="gradual", share=0.5)
FEW = Quantisation(method="fake-quant", weight_bits=4)


@pytest.mark.parametrize(
    ("asked", "kinds"),
    [
        ({}, []),
        ({"sparsity": ZEROS}, [Sparsifier]),
        ({"quantisation": FEW, "sparsity": ZEROS}, [Sparsifier, Quantiser]),
        ({"mwer": Mwer(), "quantisation": FEW}, [Quantiser, MinimumErrors]),
        ({"quantisation": Quantisation(method="none", activations=True)}, [ChipActivations]),
        (
            {"quantisation": Quantisation(method="fake-quant", weight_bits=4, activations=True), "sparsity": ZEROS},
            [Sparsifier, Quantiser, ChipActivations],
        ),
    ],
)
def test_zeros_come_before_values_and_what_is_not_asked_for_is_not_there(asked: dict, kinds: list[type]):
    model = Transducer(Shape(vocabulary=5, hidden=6, embedding=4, joint=7))
    pieces = Pieces((BLANK_PIECE, "a", "b", "c", "d"))
    found = build_mechanisms(tiny_recipe(**asked), None, model, pieces)
    assert [type(each) for each in found] == kinds
