"""Explanations: whatever msgspec refuses is found and said in words, and nothing that it takes is."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Meta, Struct

from azsim.explain import described, explain


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    count: Annotated[int, Meta(ge=1, le=9)]
    share: Annotated[float, Meta(ge=0, lt=1)] = 0.0


class Named(Struct, frozen=True, forbid_unknown_fields=True):
    size: int
    name: str = ""


class Listed(Struct, frozen=True):
    part: tuple[Named, ...] = ()
    sizes: tuple[int, ...] = ()


class Whole(Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=3)]
    parts: Annotated[tuple[Part, ...], Meta(min_length=1)]
    named: dict[Annotated[str, Meta(min_length=1)], tuple[str, ...]] = {}
    mode: Literal["on", "off"] = "on"
    more: Part | None = None
    even: Annotated[int, Meta(multiple_of=2)] = 0
    plain: bool = False


VALUES = st.sampled_from([None, True, 0, 1, 9, 10, 0.5, 1.0, float("nan"), "", "on", "long", [], ["x"], [1], {}])
PARTS = st.dictionaries(st.sampled_from(["count", "share", "x"]), VALUES, max_size=2) | VALUES
NAMED = st.dictionaries(st.sampled_from(["", "a"]), VALUES, max_size=1)
WHOLES = st.fixed_dictionaries(
    {"name": st.sampled_from(["a", "", "long", 1]), "parts": st.lists(PARTS, max_size=2)},
    optional={"named": NAMED, "mode": VALUES, "more": PARTS, "even": VALUES, "plain": VALUES, "y": VALUES},
)


@settings(max_examples=300, deadline=None)
@given(tree=WHOLES)
def test_it_agrees_with_msgspec(tree: dict[str, object]) -> None:
    said = explain(tree, msgspec.inspect.type_info(Whole))
    try:
        msgspec.convert(tree, Whole)
    except msgspec.ValidationError:
        assert said is not None
        assert "`" not in said
    else:
        assert said is None


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Annotated[int, Meta(ge=1, le=2**40)], "a whole number from 1 to 1099511627776"),
        (Annotated[int, Meta(ge=0, lt=2**31)], "a whole number from 0 to 2147483647"),
        (Annotated[float, Meta(gt=0, le=1e9)], "a number above 0 and at most 1000000000"),
        (Annotated[float, Meta(ge=0, lt=1)], "a number at least 0 and below 1"),
        (float, "a number"),
        (bool, "true or false"),
        (Literal["fifo", "fixed"], "one of 'fifo', 'fixed'"),
        (Part, "a table"),
        (Annotated[tuple[str, ...], Meta(min_length=1)], "a list that is not empty, each entry a text in quotes"),
        (Part | None, "a table"),
    ],
)
def test_what_would_be_right_is_said_in_words(kind: object, words: str) -> None:
    assert described(msgspec.inspect.type_info(kind)) == words


def test_entries_are_called_by_their_names_or_counted_from_one() -> None:
    expected = msgspec.inspect.type_info(Listed)
    found = explain({"part": [{"size": 1}, {"name": "b", "size": "x"}]}, expected)
    assert found.startswith("part 'b': size = 'x': must be a whole number")
    assert explain({"part": [{"size": 1}, {"size": "x"}]}, expected).startswith("entry 2 of part: size = 'x': must")
    assert explain({"sizes": [1, "x"]}, expected).startswith("entry 2 of sizes = 'x': must be a whole number")
    assert explain({"part": [{"sise": 1, "name": "c"}]}, expected).startswith("part 'c': sise: unknown key")
