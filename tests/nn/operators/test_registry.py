"""Operators are found by their files; no list names them."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from dataclasses import is_dataclass

import pytest

import azsim.nn.operators
from azsim.errors import InputError
from azsim.nn.operators.registry import operator_of_kind, operators

FILES = {module.name for module in pkgutil.iter_modules(azsim.nn.operators.__path__)} - {"registry"}


def test_each_file_is_one_operator() -> None:
    assert set(operators()) == FILES
    for kind, cls in operators().items():
        assert cls.__module__.rsplit(".", 1)[1] == cls.kind == kind
        assert is_dataclass(cls)
        assert cls.__doc__


def test_nothing_is_imported_before_it_is_asked_for() -> None:
    code = "import sys, azsim.nn.operators.registry; print(any('.operators.lstm' in m for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(InputError, match=r"operator 'dens': must be one of add, .*did you mean 'dense'"):
        operator_of_kind("dens")
