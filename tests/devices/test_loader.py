"""A wrong device file ends in one line that names the file, the key, the value and what would be right."""

from __future__ import annotations

import copy
import math
from pathlib import Path

import msgspec
import pytest

import azsim.devices
from azsim.devices.loader import check, load_device, scaled
from azsim.devices.spec import Device
from azsim.errors import InputError
from azsim.toml import convert

AZ1 = (Path(azsim.devices.__file__).parent / "az1.toml").read_text()
SYSTOLIC = (Path(azsim.devices.__file__).parent / "systolic-32.toml").read_text()


def wrong(tmp_path: Path, old: str, new: str, device: str = AZ1) -> str:
    assert device.count(old) == 1, old
    path = tmp_path / "mine.toml"
    path.write_text(device.replace(old, new))
    with pytest.raises(InputError) as caught:
        load_device(path)
    assert caught.value.exit_status == 2
    said = str(caught.value)
    assert "\n" not in said
    assert said.startswith(f"{path}: ")
    return said.removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        (
            "clock_mhz = 400.0",
            "clock_mhz = -400.0",
            ["chip.clock_mhz = -400.0", "must be a number from 0.001 to 100000"],
        ),
        ("clock_mhz = 400.0", 'clock_mhz = "fast"', ["chip.clock_mhz = 'fast'", "must be a number from 0.001"]),
        ("clock_mhz = 400.0", "clock_mhz = 0", ["chip.clock_mhz = 0", "from 0.001"]),
        ("clock_mhz = 400.0", "clock_mhz = inf", ["chip.clock_mhz = inf"]),
        ("clock_mhz = 400.0", "clock_mhz = nan", ["chip.clock_mhz = nan"]),
        ("clock_mhz = 400.0", "clock_mhz = 2e6", ["chip.clock_mhz = 2000000.0"]),
        ("clock_mhz = 400.0", "", ["chip.clock_mhz: missing"]),
        ("lanes = 32 ", "lanes = 0 ", ["chip.lanes.lanes = 0", "must be a whole number from 1 to 65535"]),
        ("lanes = 32 ", "lanes = 99999 ", ["chip.lanes.lanes = 99999", "1 to 65535"]),
        ("lanes = 32 ", "lanes = 32.5 ", ["chip.lanes.lanes = 32.5", "whole number"]),
        ("lanes = 32 ", "lanes = true ", ["chip.lanes.lanes = true", "whole number"]),
        ("window_positions = 4 ", "windw_positions = 4 ", ["lanes.windw_positions", "mean 'window_positions'"]),
        (
            'skip = "weights"',
            'skip = "wieghts"',
            ["chip.lanes.skip = 'wieghts'", "must be one of", "did you mean 'weights'"],
        ),
        ("window_positions = 4 ", "window_positions = 1 ", ["chip.lanes.window_positions = 1", "at least", "= 2"]),
        ("port_bytes_per_cycle = 256", "port_bytes_per_cycle = 64", ["port_bytes_per_cycle = 64", "160 bytes"]),
        ("bytes = 1048576 ", "bytes = 65536 ", ["chip.sram.bytes = 65536", "131072 bytes"]),
        ("efficiency = 0.943", "efficiency = 1.5", ["memory.efficiency = 1.5", "from 0.01 to 1"]),
        (
            "chunk_bytes = 4096",
            "chunk_bytes = 4097",
            ["memory.chunk_bytes = 4097", "from 64 to 32768, a multiple of 64"],
        ),
        ("[chip.vector]", "[chip.vektor]", ["chip.vektor: unknown key", "did you mean 'vector'"]),
    ],
)
def test_wrong_values_are_named(tmp_path: Path, old: str, new: str, parts: list[str]) -> None:
    said = wrong(tmp_path, old, new)
    for part in parts:
        assert part in said, said


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("[chip.systolic]", "[chip.systolix]", ["chip.systolix: unknown key", "did you mean 'systolic'"]),
        ("rows = 32 ", "rows = 0 ", ["chip.systolic.rows = 0", "1 to 65535"]),
        ("rows = 32 ", "rowz = 32 ", ["chip.systolic.rowz: unknown key", "did you mean 'rows'"]),
        ('dataflow = "weight-stationary"', 'dataflow = "ws"', ["chip.systolic.dataflow = 'ws'"]),
        ("columns = 32 ", "columns = 512 ", ["port_bytes_per_cycle = 256", "544 bytes", "narrow the array"]),
    ],
)
def test_wrong_arrays_are_named(tmp_path: Path, old: str, new: str, parts: list[str]) -> None:
    said = wrong(tmp_path, old, new, SYSTOLIC)
    for part in parts:
        assert part in said, said


def test_a_chip_has_one_compute_engine(tmp_path: Path) -> None:
    array = '[chip.systolic]\nrows = 8\ncolumns = 8\ndataflow = "output-stationary"\n\n[chip.lanes]\n'
    without = AZ1[: AZ1.index("[chip.lanes]")] + AZ1[AZ1.index("[chip.decoder]") :]
    for text in (AZ1.replace("[chip.lanes]\n", array), without):
        path = tmp_path / "mine.toml"
        path.write_text(text)
        with pytest.raises(InputError, match=r"one of the tables chip\.lanes and chip\.systolic, and not both"):
            load_device(path)


def test_what_is_not_toml_says_so(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("clock = = 3")
    with pytest.raises(InputError, match=r"mine.toml: not a TOML file: .*line 1"):
        load_device(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not a TOML file"):
        load_device(path)


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ('fidelity = "burst" ', 'fidelity = "bnak" ', ["memory.fidelity = 'bnak'", "did you mean 'bank'"]),
        ('arbitration = "fixed', 'arbitration = "fixt', ["memory.arbitration", "did you mean 'fixed-priority'"]),
        ('timings = "lpddr4-3200-x16-4gb"', 'timings = "ddr9"', ["memory.timings = 'ddr9'", "lpddr3-1600-x32"]),
        (
            'arbitration = "fixed-priority"      # assumed; AXI QoS has 16 levels\nfidelity = "burst" ',
            'arbitration = "proportional-fair"\nfidelity = "analytic" ',
            ["memory.arbitration = 'proportional-fair'", "'analytic' knows 'fifo' and 'fixed-priority'"],
        ),
        (
            'timings = "lpddr4-3200-x16-4gb"',
            "rate.npu = { gbps = 1.0, burst_bytes = 1024 }",
            ["memory.rate.npu.burst_bytes = 1024", "at least memory.chunk_bytes = 4096"],
        ),
        (
            'timings = "lpddr4-3200-x16-4gb"',
            "latency.cpu = { target_ns = 500.0, lowest = 9, highest = 3, step_log2_ns = 8 }",
            ["memory.latency.cpu.lowest = 9", "at most highest = 3"],
        ),
        (
            'timings = "lpddr4-3200-x16-4gb"',
            "window.gpu = { window_us = 1.0, threshold_bytes = 9 }",
            ["memory.window.gpu: no such client"],
        ),
        (
            'arbitration = "fixed-priority"',
            'arbitration = "window-threshold"',
            ["memory.window: missing", "memory.window.CLIENT", "playback, microphone, npu"],
        ),
        (
            'fidelity = "burst"                  # analytic, burst or bank\ntimings = "lpddr4-3200-x16-4gb" ',
            'fidelity = "bank" #',
            ["memory.timings: missing", "'bank' needs", "lpddr4-3200-x16"],
        ),
    ],
)
def test_a_wrong_memory_is_explained(tmp_path: Path, old: str, new: str, parts: list[str]) -> None:
    said = wrong(tmp_path, old, new)
    for part in parts:
        assert part in said


def test_missing_files_and_unknown_names(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.toml: no such file"):
        load_device(tmp_path / "none.toml")
    with pytest.raises(InputError, match=r"device 'az11': not known; there are az1, az2"):
        load_device("az11")
    for name in ("", "../devices/az1"):
        with pytest.raises(InputError, match=r"not a device; give a device's name or the path of a \.toml"):
            load_device(name)
    folder = tmp_path / "folder.toml"
    folder.mkdir()
    with pytest.raises(InputError, match="is a folder"):
        load_device(folder)


def test_numbers_can_be_scaled_together_and_are_checked() -> None:
    device = load_device("az1")
    assert scaled(device, ["chip.clock_mhz"], 2).chip.clock.ps(1) == 1250
    faster = scaled(device, ["chip.lanes.multipliers_per_lane", "chip.lanes.window_positions"], 0.5).chip.lanes
    assert (faster.multipliers_per_lane, faster.window_positions) == (1, 2)
    with pytest.raises(InputError, match=r"chip\.klock: no such key"):
        scaled(device, ["chip.klock"], 2)
    with pytest.raises(InputError, match="not a number"):
        scaled(device, ["chip.lanes.skip"], 2)
    with pytest.raises(InputError, match="window_positions = 1"):
        scaled(device, ["chip.lanes.window_positions"], 0.25)


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("peak_gbps = 6.4", "peak_gbps = 1e-6", ["memory.peak_gbps = 1e-06", "from 0.01 to 100000"]),
        ("efficiency = 0.943", "efficiency = 1e-6", ["memory.efficiency = 1e-06", "from 0.01 to 1"]),
        ("playback_rate_hz = 48000", "playback_rate_hz = 1", ["audio.playback_rate_hz = 1", "from 4000 to 768000"]),
        ("upload_kbps = 32.0", "upload_kbps = 0.1", ["network.upload_kbps = 0.1", "at least a byte, so at least 0.4"]),
        ("rtt_p99_ms = 90.0", "rtt_p99_ms = 9.0", ["network.rtt_p99_ms = 9", "at least network.rtt_median_ms = 25"]),
        (
            "first_ms = 200 ",
            "first_ms = 3000 ",
            ["network.retry.longest_ms = 2000", "at least network.retry.first_ms = 3000"],
        ),
    ],
)
def test_what_would_never_end_or_makes_no_sense_is_refused(
    tmp_path: Path, old: str, new: str, parts: list[str]
) -> None:
    said = wrong(tmp_path, old, new)
    assert all(part in said for part in parts), said


def numbers(tree: dict, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Where a device file has numbers: the keys on the way to each."""
    found = []
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        if isinstance(value, dict | list | tuple):
            found += numbers(value, (*at, key))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found.append((*at, key))
    return found


TREE = msgspec.to_builtins(load_device("az1"))
STRANGE = (-1, 0, 1e-300, 1e300, -1e300, 2**62, 2**200, math.nan, math.inf, -math.inf, True, "1", [], {}, None)


@pytest.mark.parametrize("keys", numbers(TREE), ids=lambda keys: ".".join(map(str, keys)))
def test_any_number_made_strange_loads_or_is_refused_by_name(keys: tuple[str | int, ...]) -> None:
    for value in STRANGE:
        tree = copy.deepcopy(TREE)
        node = tree
        for key in keys[:-1]:
            node = node[key]
        node[keys[-1]] = value
        origin = Path("mine.toml")
        try:
            device = check(convert(tree, Device, origin), origin)
        except InputError as error:
            said = str(error)
            assert said.startswith("mine.toml: "), said
            assert "\n" not in said
            assert keys[0] in said, said
        else:
            assert device.chip.clock.ps(1) > 0


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("clock_mhz = 1196.0     ", "clock_mhz = 1500.0     ", ["cpu.clock_mhz = 1500", "at most 1300"]),
        ("min_residency_us = 0.0", "min_residency_us = 1.0", ["cpu.idle_states", "'wait for interrupt'", "= 0"]),
        ("min_residency_us = 2000.0", "min_residency_us = 1100.0", ["'cluster sleep'", "'core sleep'"]),
        ("music_decode = 50", "music_decode = 100", ["cpu.priority.music_decode = 100", "0 to 99"]),
        ('governor = "fixed"', 'governor = "fixd"', ["cpu.governor = 'fixd'", "did you mean 'fixed'"]),
    ],
)
def test_wrong_cores_are_named(tmp_path: Path, old: str, new: str, parts: list[str]) -> None:
    said = wrong(tmp_path, old, new)
    assert all(part in said for part in parts), said


def written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_a_device_inherits_all_but_what_it_says(tmp_path: Path) -> None:
    mine = written(
        tmp_path,
        "mine.toml",
        'base = "az1"\nname = "mine"\n[chip]\nclock_mhz = 800.0\n[chip.sram]\nbytes = 2097152\n'
        '[cpu]\nidle_states = [{ name = "s", entry_us = 0, exit_us = 0, min_residency_us = 0, power_mw = 1 }]\n',
    )
    found, az1 = load_device(mine), load_device("az1")
    expected = msgspec.to_builtins(az1)
    expected |= {"name": "mine", "summary": "az1, but for chip.clock_mhz, chip.sram.bytes, cpu.idle_states"}
    expected["chip"]["clock_mhz"], expected["chip"]["sram"]["bytes"] = 800.0, 2097152
    expected["cpu"]["idle_states"] = (
        {
            "name": "s",
            "entry_us": 0.0,
            "exit_us": 0.0,
            "min_residency_us": 0.0,
            "power_mw": 1.0,
            "all_cores": False,
        },
    )
    assert msgspec.to_builtins(found) == expected
    other = written(tmp_path, "other.toml", 'base = "mine.toml"\nname = "other"\nsummary = "mine, but slower"\n')
    assert load_device(other) == msgspec.structs.replace(found, name="other", summary="mine, but slower")


def test_an_array_takes_the_place_of_the_base_s_lanes_and_the_other_way_round(tmp_path: Path) -> None:
    array = '[chip.systolic]\nrows = 8\ncolumns = 8\ndataflow = "output-stationary"\n'
    mine = load_device(written(tmp_path, "mine.toml", f'base = "az1"\nname = "mine"\n{array}'))
    assert mine.chip.lanes is None
    assert mine.chip.systolic.rows == 8
    lanes = AZ1[AZ1.index("[chip.lanes]") : AZ1.index("[chip.decoder]")]
    back = load_device(written(tmp_path, "back.toml", f'base = "mine.toml"\nname = "back"\n{lanes}'))
    assert back.chip == load_device("az1").chip


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('base = "az11"\nname = "a"', ["base = 'az11': device 'az11': not known", "did you mean 'az1'"]),
        ('base = "none.toml"\nname = "a"', ["base = 'none.toml'", "none.toml: no such file"]),
        ('base = 3\nname = "a"', ["base = 3: must be the name of a device or the path of a .toml"]),
        ('base = "az1"', ["name: missing; a device that inherits needs a name of its own"]),
        ('base = "mine.toml"\nname = "a"', ["base = 'mine.toml': a device cannot inherit from itself"]),
        ('base = "round.toml"\nname = "a"', ["round.toml: base = './mine.toml': a device cannot inherit from itself"]),
        ('base = "az1"\nname = "a"\nchip = 3', ["chip = 3: must be a table"]),
        ('base = "az1"\nname = "a"\n[chip]\nlanes = 3', ["chip.lanes = 3: must be a table"]),
        ('base = "az1"\nname = "a"\n[chip.lane]\nlanes = 3', ["chip.lane: unknown key", "did you mean 'lanes'"]),
        ('base = "bad.toml"\nname = "a"', ["bad.toml: chip.lanes.window_positions = 1: must be at least"]),
    ],
)
def test_a_wrong_base_is_named(tmp_path: Path, text: str, parts: list[str]) -> None:
    mine = written(tmp_path, "mine.toml", text)
    written(tmp_path, "round.toml", 'base = "./mine.toml"\nname = "round"')
    written(tmp_path, "bad.toml", AZ1.replace("window_positions = 4 ", "window_positions = 1 "))
    with pytest.raises(InputError) as refused:
        load_device(mine)
    said = str(refused.value)
    assert said.startswith(f"{mine}: ")
    assert "\n" not in said
    assert all(part in said for part in parts), said


def test_a_chain_of_devices_has_an_end(tmp_path: Path) -> None:
    written(tmp_path, "0.toml", AZ1)
    for at in range(1, 12):
        written(tmp_path, f"{at}.toml", f'base = "{at - 1}.toml"\nname = "d{at}"\n')
    assert load_device(tmp_path / "8.toml").name == "d8"
    with pytest.raises(InputError, match="more than 8 devices that inherit one from another"):
        load_device(tmp_path / "10.toml")


@pytest.mark.parametrize(
    ("change", "remark"),
    [
        ("capacity_mib = 1024", "memory.capacity_mib = 1024: the part has 512"),
        ("peak_gbps = 12.8", "memory.peak_gbps = 12.8: the part's 16 bits at 3200 MT/s give 6.4"),
        ("efficiency = 0.99", "memory.efficiency = 0.99: its refreshes leave 0.942 at most"),
        ('timings = "lpddr4-3200-x16"', "memory.capacity_mib = 512: the part has 1024"),
    ],
)
def test_a_memory_that_is_not_its_part_is_remarked_upon(tmp_path: Path, change: str, remark: str) -> None:
    mine = written(tmp_path, "mine.toml", f'base = "az1"\nname = "mine"\n[memory]\n{change}\n')
    with pytest.warns(UserWarning, match=f"mine.toml: memory.timings = .*{remark}"):
        load_device(mine)


FORMER_COSTS = "frontend_cycles_per_frame = 7\nsearch_cycles_per_hypothesis = 8\n"
FORMER = (
    AZ1.partition("[cpu.tasks.frontend]")[0]
    .replace("network_cycles_per_packet", FORMER_COSTS + "network_cycles_per_packet")
    .replace("music_decode = 50", "frontend = 31\nmusic_decode = 50")
) + AZ1[AZ1.index("[audio]") :]


def test_costs_of_tasks_under_their_former_keys_are_read_with_a_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(FORMER, encoding="utf-8")
    said = r"mine\.toml: cpu\.frontend_cycles_per_frame, .*: deprecated, .* give cpu\.tasks\.frontend\.cycles_per_unit"
    with pytest.warns(UserWarning, match=said):
        tasks = load_device(path).cpu.tasks
    assert (tasks["frontend"].cycles_per_unit, tasks["frontend"].priority) == (7, 31)
    assert (tasks["search"].cycles_per_unit, tasks["search"].priority) == (8, 30)


def test_a_device_inherits_tasks_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    tasks = "[cpu.tasks.search]\ncycles_per_unit = 9\n[cpu.tasks.tagger]\ncycles_per_unit = 5\n"
    path.write_text(f'base = "az1"\nname = "mine"\n{tasks}', encoding="utf-8")
    cpu, base = load_device(path).cpu, load_device("az1").cpu
    assert cpu.tasks["frontend"] == base.tasks["frontend"]
    assert (cpu.tasks["search"].cycles_per_unit, cpu.tasks["tagger"].cycles_per_unit) == (9, 5)
    with pytest.raises(InputError, match=r"cpu\.tasks\.taggr: no such task; .*tagger.* did you mean 'tagger'"):
        cpu.task("taggr")
    path.write_text(AZ1.replace("[cpu.tasks.search]", "[cpu.tasks.serch]"), encoding="utf-8")
    with pytest.raises(InputError, match=r"cpu\.tasks\.search: missing; .*did you mean 'serch'"):
        load_device(path)
