"""What a device file says in place of its base's keys."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.devices.inherit import changed_keys, merged

VALUES = st.one_of(st.integers(0, 9), st.booleans(), st.lists(st.integers(0, 3), max_size=3))
TREES = st.recursive(
    st.dictionaries(st.sampled_from("abcde"), VALUES, max_size=4),
    lambda inner: st.dictionaries(st.sampled_from("abcde"), st.one_of(VALUES, inner), max_size=4),
    max_leaves=12,
)


def leaf(tree: object, dotted: str) -> object:
    for key in dotted.split("."):
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree


@settings(max_examples=200, deadline=None)
@given(base=TREES, own=TREES)
def test_what_is_said_holds_and_the_rest_is_the_base_s(base: dict, own: dict) -> None:
    before = repr(base), repr(own)
    tree = merged(base, own)
    said = [key for key in changed_keys(own) if leaf(own, key) != {}]
    assert all(leaf(tree, key) == leaf(own, key) for key in said)
    for key in changed_keys(base):
        if all(
            not other.startswith(f"{key}.") and not f"{key}.".startswith(f"{other}.") for other in changed_keys(own)
        ):
            assert leaf(tree, key) == leaf(base, key)
    assert (repr(base), repr(own)) == before


def test_an_engine_replaces_the_other_only_where_one_is_given() -> None:
    lanes, array = {"lanes": 4}, {"rows": 2}
    base = {"chip": {"lanes": lanes, "clock_mhz": 1}}
    assert merged(base, {"chip": {"systolic": array}})["chip"] == {"systolic": array, "clock_mhz": 1}
    assert merged(base, {"chip": {"clock_mhz": 2}})["chip"] == {"lanes": lanes, "clock_mhz": 2}
    both = {"chip": {"systolic": array, "lanes": lanes}}
    assert merged(base, both)["chip"] == {"systolic": array, "lanes": lanes, "clock_mhz": 1}


def test_keys_are_dotted_and_a_list_is_one() -> None:
    assert changed_keys({"a": 1, "b": {"c": [1, {"d": 2}], "e": {}}}) == ["a", "b.c", "b.e"]
