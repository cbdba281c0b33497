"""A device that was traced: small schedules, music, a memory so slow that clients wait for each other."""

from __future__ import annotations

import pytest

from azsim.soc import simulate
from azsim.soc.timeline import Timeline
from tests.soc.cases import device, schedules, track, work


@pytest.fixture(scope="session")
def timeline() -> Timeline:
    return simulate(device(memory__peak_gbps=2.0), work(), schedules(4), music=track(), seed=3, trace=True)
