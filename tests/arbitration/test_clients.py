"""Who asks for memory."""

from __future__ import annotations

import pytest

from azsim.arbitration import BOARD, CPU, Client
from azsim.arbitration.clients import all_clients
from azsim.devices.board_spec import PrioritySpec

PRIORITIES = {"playback": 15, "microphone": 14, "npu": 8, "cpu": 6, "network": 4}


def test_the_board_comes_first_in_the_order_of_its_priorities() -> None:
    assert PrioritySpec.__struct_fields__ == (*BOARD, "others")
    clients = all_clients(PRIORITIES, {}, ())
    assert tuple(client.name for client in clients) == BOARD
    assert [client.priority for client in clients] == list(PRIORITIES.values())
    assert [client.scattered for client in clients] == [row == CPU for row in range(len(BOARD))]


def test_then_those_of_the_device_file_and_those_of_stages() -> None:
    camera, display = Client("camera", 9, scattered=True), Client("display", 3)
    clients = all_clients(PRIORITIES, {"radar": 2, "camera": 5}, (camera, display, display))
    assert clients[len(BOARD) :] == (Client("radar", 2), Client("camera", 5, scattered=True), display)


@pytest.mark.parametrize("brought", [[Client("cpu")], [Client("camera", 1), Client("camera", 2)]])
def test_a_name_stands_for_one_client(brought: list[Client]) -> None:
    with pytest.raises(ValueError, match="another one of that name"):
        all_clients(PRIORITIES, {}, brought)
