"""Means of batches and their errors."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.arbitration import BOARD, CPU, NETWORK
from azsim.reference.poisson import COUNT, FOUND, RESPONSE_PS, SERVICE_PS, PoissonMeasurement


def measured(rng: np.random.Generator, batches: int = 200, each: int = 50) -> tuple[PoissonMeasurement, np.ndarray]:
    """Batches of made-up requests of the CPU, and the requests' own response times."""
    responses = rng.exponential(9000, (batches, each)).astype(np.int64)
    sums = np.zeros((batches, len(BOARD), 4), np.int64)
    sums[:, CPU, COUNT], sums[:, CPU, RESPONSE_PS] = each, responses.sum(axis=1)
    sums[:, CPU, SERVICE_PS], sums[:, CPU, FOUND] = 1000 * each, 3 * each
    watched = np.zeros((4, len(BOARD)), np.int64)
    watched[0, NETWORK], watched[2, NETWORK] = 2500, 10_000_000
    return PoissonMeasurement(sums, 20_000_000, 10_000_000, watched), responses


def test_means_are_over_all_and_errors_those_of_independent_requests() -> None:
    made, responses = measured(np.random.default_rng(0))
    mean, error = made.response_ps(CPU)
    assert mean == pytest.approx(responses.mean())
    assert error == pytest.approx(responses.std() / np.sqrt(responses.size), rel=0.15)
    assert made.wait_ps(CPU) == pytest.approx((mean - 1000, error))
    assert made.found(CPU) == (3.0, 0.0)


def test_batches_in_which_a_client_was_silent_do_not_count() -> None:
    made, _ = measured(np.random.default_rng(1))
    padded = np.concatenate([made.batches, np.zeros_like(made.batches)])
    assert PoissonMeasurement(padded, 1, 1, made.watched).response_ps(CPU) == made.response_ps(CPU)


def test_load_times_wait_and_bytes_above_a_rate() -> None:
    made, responses = measured(np.random.default_rng(2))
    load = 200 * 50 * 1000 / 20_000_000
    assert made.wait_share()[0] == pytest.approx(load * (responses.mean() - 1000))
    assert made.above_rate_bytes(NETWORK) == 4000
