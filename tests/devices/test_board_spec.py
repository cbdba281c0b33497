"""Tables of the board: what cannot be is refused, what is said is kept."""

from __future__ import annotations

import msgspec
import pytest

from azsim.devices.sram import ring_bytes
from tests.devices.specs import changed, refused


@pytest.mark.parametrize("table", ["audio", "network", "priority", "flash", "update"])
def test_an_unknown_key_is_refused(table: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="`loudness`"):
        changed(table, loudness=3)


def test_a_ring_lies_in_one_of_two_places_and_has_a_size() -> None:
    refused("audio", "ring", "flash", "", 0)
    refused("audio", "periods", 0, 2.5)
    refused("audio", "playback_rate_hz", 0, -48000)
    small, large = (changed("audio", ring="sram", periods=periods) for periods in (2, 4))
    assert ring_bytes(large) == 2 * ring_bytes(small) > 0
    assert ring_bytes(changed("audio", ring="dram")) == 0


def test_priorities_on_the_memory_have_sixteen_levels() -> None:
    for client in ("playback", "microphone", "npu", "cpu", "network"):
        refused("priority", client, -1, 16, 1.5)
        assert getattr(changed("priority", **{client: 15}), client) == 15


def test_clients_that_are_not_of_the_board_have_names_of_plain_letters() -> None:
    assert changed("priority", others={"camera": 9}).others == {"camera": 9}
    for name in ("Camera", "a b", "", "9lives", "x" * 40):
        with pytest.raises(msgspec.ValidationError):
            changed("priority", others={name: 9})
