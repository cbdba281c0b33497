"""The best choice of three for each matrix: as good as trying all of them, and never too large."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.chip.knapsack import best_choice

MATRICES = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=5
)


def of_all(lines: np.ndarray, traffic: np.ndarray, decoding: np.ndarray, room: int) -> tuple[float, float, int]:
    """Most traffic, then most decoding, then least memory, by trying every choice."""
    fits = [each for each in product(range(3), repeat=len(lines)) if worth(each, lines, traffic, decoding)[2] <= room]
    return max((worth(each, lines, traffic, decoding) for each in fits), key=lambda one: (one[0], one[1], -one[2]))


def worth(choice, lines: np.ndarray, traffic: np.ndarray, decoding: np.ndarray) -> tuple[float, float, int]:
    places = np.arange(len(lines))
    picked = np.array(choice)
    saved = float(traffic[picked > 0].sum()), float(decoding[picked == 2].sum())
    return (*saved, int(lines[places, picked].sum()))


@settings(max_examples=60, deadline=None)
@given(matrices=MATRICES, room=st.integers(0, 40))
def test_no_other_choice_is_better(matrices: list[tuple[int, ...]], room: int) -> None:
    given_ = np.array(matrices)
    lines = np.stack([np.zeros(len(matrices), np.int64), given_[:, 0], given_[:, 1]], axis=1)
    traffic, decoding = given_[:, 2].astype(float), given_[:, 3].astype(float)
    found = worth(best_choice(lines, traffic, decoding, room), lines, traffic, decoding)
    best = of_all(lines, traffic, decoding, room)
    assert found[2] <= room
    assert found[:2] == best[:2]
    assert found[2] == best[2]


def test_nothing_is_kept_where_there_is_no_room() -> None:
    lines = np.array([[0, 1, 2], [0, 3, 3]])
    assert best_choice(lines, np.ones(2), np.ones(2), 0) == [0, 0]
    assert best_choice(np.zeros((0, 3), np.int64), np.zeros(0), np.zeros(0), 9) == []
