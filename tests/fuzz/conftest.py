"""The attack of each surface: a test fails by what it found, all of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.compress.update.conftest import images, key
from tests.fuzz.harness import Attack

__all__ = ["attack", "images", "key"]

SHOWN = 20


@pytest.fixture
def attack(request: pytest.FixtureRequest) -> Iterator[Attack]:
    """The cases of a test, drawn from its name."""
    attack = Attack(request.node.name)
    yield attack
    listed = "\n".join(f"  {one[:600]}" for one in attack.found[:SHOWN])
    assert not attack.found, f"{len(attack.found)} cases at fault:\n{listed}"
