"""Keys of before: what they meant is what the present ones mean, and what has none is left as it is."""

from __future__ import annotations

import copy
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.devices.former_keys import present_keys

HERE = Path("mine.toml")


def test_costs_and_priorities_move_to_their_tasks() -> None:
    former = {
        "name": "mine",
        "cpu": {"cores": 2, "frontend_cycles_per_frame": 7, "priority": {"frontend": 3, "search": 4, "background": 1}},
    }
    kept = copy.deepcopy(former)
    with pytest.warns(UserWarning, match=r"mine\.toml: cpu\.frontend_cycles_per_frame, cpu\.priority\.frontend, cpu"):
        found = present_keys(former, HERE)
    assert found == {
        "name": "mine",
        "cpu": {
            "cores": 2,
            "priority": {"background": 1},
            "tasks": {"frontend": {"cycles_per_unit": 7, "priority": 3}, "search": {"priority": 4}},
        },
    }
    assert former == kept


def test_what_a_task_says_itself_counts() -> None:
    tree = {"cpu": {"frontend_cycles_per_frame": 7, "tasks": {"frontend": {"cycles_per_unit": 9}, "other": {}}}}
    with pytest.warns(UserWarning, match="deprecated"):
        tasks = present_keys(tree, HERE)["cpu"]["tasks"]
    assert tasks == {"frontend": {"cycles_per_unit": 9}, "other": {}}


ANYTHING = st.one_of(st.none(), st.integers(), st.text(max_size=5), st.dictionaries(st.text(max_size=5), st.integers()))


@settings(max_examples=40, deadline=None)
@given(tree=st.dictionaries(st.sampled_from(["cpu", "chip", "name"]), ANYTHING, max_size=3))
def test_files_without_former_keys_stay_as_they_are(tree: dict) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert present_keys(tree, HERE) == tree


@pytest.mark.parametrize("wrong", [3, "fast", [1]])
def test_what_is_no_table_is_left_for_the_check_that_names_it(wrong: object) -> None:
    assert present_keys({"cpu": wrong}, HERE) == {"cpu": wrong}
    with pytest.warns(UserWarning, match="deprecated"):
        found = present_keys({"cpu": {"search_cycles_per_hypothesis": 5, "tasks": wrong}}, HERE)
    assert found["cpu"]["tasks"] == wrong
