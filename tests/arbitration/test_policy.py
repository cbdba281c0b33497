"""The table that the compiled loop reads of a policy, and how a policy is found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from azsim.arbitration import BOARD, policies, policy_class, policy_names
from azsim.arbitration.policy import HELD, HIGHEST_PRIORITY, HOLD_FS, OWN, RANK, empty_table, ranked_table, registered
from azsim.devices.memory_spec import MemorySpec
from azsim.devices.regulation import policy_of
from tests.arbitration.cases import BOARD_CLIENTS, REGULATED, with_priorities
from tests.soc.cases import device


def test_ranks_turn_priorities_round() -> None:
    clients = with_priorities(playback=15, microphone=3, npu=0, cpu=3, network=9)
    table = ranked_table(clients)
    assert sorted(range(len(clients)), key=lambda client: table[RANK, client]) == [0, 4, 1, 3, 2]
    assert (table[RANK] + [client.priority for client in clients] == HIGHEST_PRIORITY).all()
    assert not table[[HELD, HOLD_FS]].any()


def test_every_policy_s_rows_are_behind_those_of_the_loop() -> None:
    assert sorted({RANK, HELD, HOLD_FS, OWN}) == [0, 1, 2, 3]
    for name in policy_names():
        made = policy_of(device(memory__arbitration=name, **REGULATED).memory).table(BOARD_CLIENTS)
        assert made.shape[0] >= OWN
        assert made.shape[1] == len(BOARD)
        assert made.dtype == empty_table(BOARD_CLIENTS).dtype == "int64"


def test_tables_are_made_anew() -> None:
    for name in policy_names():
        policy = policy_of(device(memory__arbitration=name, **REGULATED).memory)
        policy.table(BOARD_CLIENTS)[:] = 99
        assert not (policy.table(BOARD_CLIENTS) == 99).any()


def test_a_policy_s_file_has_its_name_and_its_options_are_its_own() -> None:
    files = sorted(Path(policies.__path__[0]).glob("[a-z]*.py"))
    assert tuple(file.stem.replace("_", "-") for file in files) == policy_names()
    owners: dict[str, str] = {}
    for name in policy_names():
        kind = policy_class(name)
        assert registered(kind).name == name
        for key in kind.__struct_fields__:
            assert key not in MemorySpec.__struct_fields__
            assert owners.setdefault(key, name) == name
    with pytest.raises(KeyError):
        policy_class("first-come")


def test_a_device_loads_the_policy_that_it_names_and_no_other() -> None:
    code = (
        "import sys, azsim; azsim.load_device('az1');"
        "print([m.rpartition('.')[2] for m in sorted(sys.modules) if m.startswith('azsim.arbitration.policies.')])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "['fixed_priority']"


def test_a_new_policy_is_a_file(tmp_path: Path) -> None:
    """A file in the folder of the policies is all: its name, its options, its hook in the compiled loop."""
    (tmp_path / "turns_of_a_test.py").write_text(
        "import numpy as np\n"
        "from azsim.arbitration.policy import OWN, RANK, Policy, empty_table, policy\n"
        "from azsim.compiled import njit\n"
        "@njit(cache=False, nogil=True)\n"
        "def pass_on(table, client, size_bytes, time_ps):\n"
        "    table[OWN, 0] += 1\n"
        "    table[RANK, client] = table[OWN, 0]\n"
        "@policy('turns-of-a-test', on_grant=pass_on)\n"
        "class Turns(Policy, frozen=True):\n"
        "    favourite: str = ''\n"
        "    def wrong(self, clients, chunk_bytes):\n"
        "        return '' if self.favourite in ('', *clients) else f'favourite = {self.favourite!r}: no such client'\n"
        "    def table(self, clients):\n"
        "        return empty_table(clients, 1)\n"
    )
    mine = tmp_path / "mine.toml"
    mine.write_text('base = "az1"\nname = "mine"\n[memory]\narbitration = "turns-of-a-test"\nfavourite = "cpu"\n')
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('base = "mine.toml"\nname = "wrong"\n[memory]\nfavourite = "gpu"\n')
    code = (
        "import sys, azsim\n"
        "from azsim.arbitration import policies\n"
        f"policies.__path__.append({str(tmp_path)!r})\n"
        "from azsim.soc.environment import DeviceEnvironment\n"
        "from azsim.soc.memory import BurstMemory\n"
        "env = DeviceEnvironment()\n"
        f"memory = BurstMemory(env, azsim.load_device({str(mine)!r}), log=True)\n"
        "for client in (3, 3, 3, 4, 4):\n"
        "    memory.submit(client, 4096, write=False, at_ps=0)\n"
        "env.run(until=10**9)\n"
        "print(memory.grants()[:, 0].tolist())\n"
        "try:\n"
        f"    azsim.load_device({str(wrong)!r})\n"
        "except azsim.InputError as error:\n"
        "    print(str(error).rpartition('/')[2])\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.splitlines() == ["[3, 4, 3, 4, 3]", "wrong.toml: memory.favourite = 'gpu': no such client"]
