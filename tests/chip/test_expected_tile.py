"""Expected ends of blocks: exact where nothing is left to chance, and where the queue is of one block or of all."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.chip.expected_tile import PLAYED_BLOCKS, Densities, expected_ends


def alike(density: float, blocks: int) -> Densities:
    return Densities(np.array([density]), np.ones(1), np.ones(blocks), 0.0)


def law_of(chances: dict[int, float]) -> np.ndarray:
    """The same law at all densities."""
    law = np.zeros(max(chances) + 1)
    law[list(chances)] = list(chances.values())
    return np.tile(law, (1, 1, 33, 1))


def ends(law: np.ndarray, lanes: int, blocks: int, queue: int, broadcast: int = 0, least: int = 0) -> np.ndarray:
    played = min(blocks, PLAYED_BLOCKS)
    rule = (queue, broadcast, least)
    return expected_ends(law, np.array([lanes]), alike(0.5, played), np.zeros(played), blocks, rule)


@pytest.mark.parametrize("queue", [1, 2, 5])
@pytest.mark.parametrize("broadcast", [0, 1, 9])
def test_runs_of_one_length_are_exact(queue: int, broadcast: int) -> None:
    found = ends(law_of({7: 1.0}), 32, 12, queue, broadcast)
    issue, last, expected = 0, [0] * 12, []
    for block in range(12):
        issue = max(issue + broadcast, last[block - queue] if block >= queue else 0)
        last[block] = max(last[block - 1] if block else 0, issue) + 7
        expected.append(last[block])
    assert found.tolist() == pytest.approx(expected)


def test_a_queue_of_one_block_waits_for_the_slowest_each_time() -> None:
    slowest = 4 - 0.5**8  # of eight lanes that take 3 or 4
    found = ends(law_of({3: 0.5, 4: 0.5}), 8, 10, queue=1)
    assert found[-1] == pytest.approx(10 * slowest)


def test_a_queue_of_all_blocks_waits_for_the_slowest_once() -> None:
    lanes, blocks = 4, 6
    found = ends(law_of({3: 0.5, 4: 0.5}), lanes, blocks, queue=blocks)
    below = np.cumsum([1, 6, 15, 20, 15, 6, 1]) / 64
    assert found[-1] == pytest.approx(18 + np.sum(1 - below**lanes))


def test_one_lane_works_without_a_pause() -> None:
    found = ends(law_of({1: 0.25, 3: 0.75}), 1, 9, queue=2)
    assert found[-1] == pytest.approx(9 * 2.5)


def test_short_blocks_take_the_least_time() -> None:
    assert ends(law_of({0: 0.5, 1: 0.5}), 16, 5, queue=1, least=4)[-1] == pytest.approx(20)


def test_many_blocks_go_on_at_the_rate_of_those_that_are_played() -> None:
    found = ends(law_of({2: 0.5, 5: 0.5}), 32, 4 * PLAYED_BLOCKS, queue=2)
    assert found.size == 4 * PLAYED_BLOCKS
    assert np.diff(found)[-1] == pytest.approx((found[40] - found[20]) / 20, rel=0.01)


def test_lanes_of_two_heights_wait_for_the_slower() -> None:
    laws = np.concatenate([law_of({6: 1.0}), np.pad(law_of({4: 1.0}), ((0, 0), (0, 0), (0, 0), (0, 2)))])
    found = expected_ends(laws, np.array([1, 31]), alike(0.5, 8), np.zeros(8), 8, (1, 0, 0))
    assert found[-1] == pytest.approx(48)
