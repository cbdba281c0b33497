"""Operators are found by their files; no list names them."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from dataclasses import is_dataclass

import pytest

import azsim.nn.operators
from azsim.errors import InputError
from azsim.nn.graph.operator import Operator
from azsim.nn.operators.registry import operator_of_kind, operators

FILES = {module.name for module in pkgutil.iter_modules(azsim.nn.operators.__path__)} - {"registry"}


def test_each_file_is_one_operator() -> None:
    assert set(operators()) == FILES
    for kind, cls in operators().items():
        assert cls.__module__.rsplit(".", 1)[1] == cls.kind == kind
        assert is_dataclass(cls)
        assert cls.__doc__


NO_COUNTERPART = {
    "attention": "with a bounded past that is kept from step to step",
    "branching_lstm": "the recogniser's own",
    "conv1d": "ONNX's Conv, which conv2d takes",
    "last_of": "thins out the steps of a stream",
    "mean_pool": "over the steps of a stream so far",
    "stack": "gathers the steps of a stream",
    "statistics_pool": "over the steps of a stream so far",
    "threshold": "the recogniser's own",
    "unstack": "deals the steps of a stream out again",
}
"""Operators that no node of ONNX becomes, which knows no steps but those of its recurrent layers."""


def test_an_operator_is_whole() -> None:
    """Shape rule, float reference, integer kernel and lowering are its own, as is its node of ONNX if it has one."""
    for kind, cls in operators().items():
        for part in ("infer", "float", "integer", "lower"):
            assert getattr(cls, part) is not getattr(Operator, part), f"{kind}: {part}"
    without = {kind for kind, cls in operators().items() if cls.from_onnx.__func__ is Operator.from_onnx.__func__}
    assert without == set(NO_COUNTERPART)


def test_nothing_is_imported_before_it_is_asked_for() -> None:
    code = "import sys, azsim.nn.operators.registry; print(any('.operators.lstm' in m for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(InputError, match=r"operator 'dens': must be one of add, .*did you mean 'dense'"):
        operator_of_kind("dens")
