"""The table of the memory: chunks, fidelities, shares."""

from __future__ import annotations

import msgspec
import pytest

from tests.devices.specs import changed, refused


def test_a_chunk_is_whole_lines_that_a_grant_can_move() -> None:
    refused("memory", "chunk_bytes", 0, 63, 100, 32832, -64)
    for size in (64, 128, 32768):
        assert changed("memory", chunk_bytes=size).chunk_bytes == size


def test_shares_rates_and_models_have_their_ranges() -> None:
    refused("memory", "efficiency", 0, 1.01)
    refused("memory", "peak_gbps", 0, 100_001)
    refused("memory", "fidelity", "exact")
    refused("memory", "read_pj_per_bit", -1)
    refused("memory", "timings", "ddr2")
    with pytest.raises(msgspec.ValidationError, match="`chunk`"):
        changed("memory", chunk=64)
