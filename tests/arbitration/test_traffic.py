"""Traffic of a client: what is none is refused."""

from __future__ import annotations

import pytest

from azsim.arbitration import BOARD, Client, Traffic
from azsim.errors import InputError


def test_rows_of_the_board_and_clients_of_their_own_ask_for_memory() -> None:
    for client in (*range(len(BOARD)), Client("camera")):
        assert Traffic(client, 64, 1).client == client


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((len(BOARD), 64, 10), "client 5: must be 0 to 4"),
        ((-1, 64, 10), "client -1"),
        ((0, 0, 10), "0 bytes every 10 ps"),
        ((Client("camera"), 64, 0), "64 bytes every 0 ps"),
    ],
)
def test_what_moves_nothing_is_refused(given: tuple, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Traffic(*given)
