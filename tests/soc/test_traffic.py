"""Traffic in the memory of a device: begun within its period, by the seed, the same for `simulate` and sessions."""

from __future__ import annotations

import pytest

from azsim.arbitration import Client, Traffic
from azsim.soc import simulate, simulate_session
from azsim.soc.device import DeviceSimulation
from azsim.soc.traffic import brought_clients, start_traffic
from tests.soc.cases import device, schedules, work

CAMERA = Client("camera", 3)
TRAFFIC = (Traffic(CAMERA, 4096, 2 * 10**9, write=True), Traffic(1, 512, 10**9))


def test_only_clients_of_their_own_are_brought() -> None:
    assert brought_clients(TRAFFIC) == [CAMERA]


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_each_request_comes_once_a_period(seed: int) -> None:
    simulation = DeviceSimulation(device(), None, seed, brought=brought_clients(TRAFFIC))
    before = DeviceSimulation(device(), None, seed)
    start_traffic(simulation, TRAFFIC, seed)
    for one in (simulation, before):
        one.env.run(until=40 * 10**9)
    moved, alone = simulation.memory.traffic(), before.memory.traffic()
    assert moved["camera"].write_bytes in (19 * 4096, 20 * 4096)
    assert moved["microphone"].read_bytes - alone["microphone"].read_bytes in (39 * 512, 40 * 512)


def test_an_utterance_and_a_session_of_it_alone_move_the_same() -> None:
    from azsim.soc.session import Speech

    played = simulate(device(), work(), schedules(), music=None, seed=3, traffic=TRAFFIC)
    session = simulate_session(
        device(),
        [Speech(0, work(), schedules())],
        elapsed_ps=played.elapsed_ps + 1,
        music=None,
        seed=3,
        traffic=TRAFFIC,
    )
    assert session.utterances[0].final_ps == played.elapsed_ps
    assert abs(session.timeline.dram_write_bytes["camera"] - played.dram_write_bytes["camera"]) <= 4096
    assert played.energy_pj["dram"] > simulate(device(), work(), schedules(), music=None, seed=3).energy_pj["dram"]
