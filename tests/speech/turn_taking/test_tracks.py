"""What a network is given of people: as of the end of each step, nothing of later, nobody lost among few."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.speech.endpoint import step_end_ms
from azsim.speech.turn_taking.people import simulate
from azsim.speech.turn_taking.tracks import (
    CAMERA_DELAY_MS,
    FACING,
    FACING_DEG,
    MOTION,
    MOTION_STEPS,
    MOUTH,
    PEOPLE,
    SEEN,
    STALE_MS,
    Person,
    away_deg,
    steps_of,
)


def still(name: str, yaw_deg: float, times: np.ndarray, mouth: float = 0.1) -> Person:
    values = np.ones(len(times), np.float32)
    return Person(name, times, yaw_deg * values, 0 * values, mouth * values)


def people(count: int, seed: int) -> tuple[Person, ...]:
    return simulate([], count, 4_000, np.random.default_rng(seed))


def test_a_head_that_faces_the_device_faces_it_most() -> None:
    times = np.arange(0, 3_000, 33)
    for yaw, wanted in ((0, 1), (FACING_DEG, 0), (-FACING_DEG, 0), (90, -1), (180, -1)):
        found = steps_of([still("a", yaw, times)], 60)[40, 0]
        np.testing.assert_allclose(found, [1, wanted, 0.1, 0], atol=1e-4)
    assert away_deg(np.array(30.0), np.array(40.0)) > 40
    np.testing.assert_allclose(away_deg(np.array(0.0), np.array(-25.0)), 25)


def test_nobody_is_seen_before_the_camera_says_so_and_after_it_is_silent() -> None:
    times = np.arange(600, 900, 33)
    seen = steps_of([still("a", 0, times)], 100)[:, 0, SEEN]
    (there,) = np.nonzero(seen)
    assert step_end_ms(int(there[0])) - CAMERA_DELAY_MS >= 600
    assert step_end_ms(int(there[0]) - 1) - CAMERA_DELAY_MS < 600
    assert step_end_ms(int(there[-1])) - CAMERA_DELAY_MS - times[-1] <= STALE_MS
    assert np.array_equal(there, np.arange(there[0], there[-1] + 1))


def test_what_is_not_seen_is_zero() -> None:
    times = np.arange(0, 3_000, 33)
    person = still("a", 0, times)
    person.mouth_ratio[30:60] = np.nan
    made = steps_of([person], 90)
    assert not made[45, 0].any()
    assert made[20, 0, SEEN] == made[80, 0, SEEN] == 1


def test_a_mouth_that_moves_is_told_from_one_that_is_open() -> None:
    times = np.arange(0, 3_000, 33)
    opened, moving = still("a", 0, times, 0.4), still("b", 0, times)
    moving.mouth_ratio[::2] = 0.3
    made = steps_of([opened, moving], 90)[60]
    assert made[0, MOUTH] > made[1, MOUTH]
    assert made[0, MOTION] == 0
    assert made[1, MOTION] > 0.5


@given(st.integers(0, 4), st.integers(0, 90), st.integers(1, 40))
@settings(max_examples=20, deadline=None)
def test_steps_do_not_depend_on_where_one_begins(count: int, first: int, steps: int) -> None:
    tracks = people(count, count)
    assert np.array_equal(steps_of(tracks, 140)[first : first + steps], steps_of(tracks, steps, first))


def test_of_many_people_those_who_face_the_device_are_taken() -> None:
    times = np.arange(0, 2_000, 33)
    tracks = [still(str(yaw), yaw, times) for yaw in (80, 10, 50, 20, 40)]
    facing = steps_of(tracks, 50)[40, :, FACING]
    np.testing.assert_allclose(sorted(facing)[::-1], [1 - yaw / FACING_DEG for yaw in (10, 20, 40)], atol=1e-5)


def test_the_order_of_people_and_times_before_the_sound_change_nothing() -> None:
    tracks = people(PEOPLE, 2)
    whole = steps_of(tracks, 100)
    np.testing.assert_array_equal(whole[:, ::-1], steps_of(tracks[::-1], 100))
    later = steps_of([each.moved(-600) for each in tracks], 80)
    np.testing.assert_array_equal(whole[20 + MOTION_STEPS :], later[MOTION_STEPS:])
