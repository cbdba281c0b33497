"""Options of policies in a device file."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from azsim.arbitration.policies.proportional_fair import ProportionalFair
from azsim.arbitration.policies.rate_regulated import RateRegulated, TokenBucket
from azsim.devices.loader import load_device, scaled
from azsim.devices.regulation import policy_of
from azsim.errors import InputError


def loaded(folder: Path, memory: str, more: str = ""):
    path = folder / "mine.toml"
    path.write_text(f'base = "az1"\nname = "mine"\n[memory]\n{memory}\n{more}')
    return load_device(path)


def test_options_stand_beside_the_other_keys_of_memory(tmp_path: Path) -> None:
    device = loaded(tmp_path, 'arbitration = "rate-regulated"\nrate.cpu = { gbps = 0.5, burst_bytes = 8192 }')
    assert policy_of(device.memory) == RateRegulated({"cpu": TokenBucket(0.5, 8192)})
    again = msgspec.convert(msgspec.to_builtins(device), type(device))
    assert again == device
    assert hash(again) == hash(device)
    assert policy_of(scaled(device, ["memory.options.rate.cpu.gbps"], 2).memory).rate["cpu"].gbps == 1.0


def test_several_policies_may_have_options_and_one_is_taken(tmp_path: Path) -> None:
    text = "fair_weight = 0.25\nrate.npu = { gbps = 1, burst_bytes = 4096 }"
    device = loaded(tmp_path, f'arbitration = "proportional-fair"\n{text}')
    assert policy_of(device.memory) == ProportionalFair(0.25)
    assert set(device.memory.options) == {"fair_weight", "rate"}


@pytest.mark.parametrize(
    ("memory", "said"),
    [
        ("fair_weight = 2.0", r"memory\.fair_weight = 2\.0: must be a number above 0 and at most 1"),
        ("fair_wieght = 0.5", r"memory\.fair_wieght: unknown key; .*did you mean 'fair_weight'"),
        ("options.fair = 0.5", r"memory\.options\.fair: unknown key"),
        ("rate = 5", r"memory\.rate = 5: must be a table"),
        ("rate.npu = { gbps = 0, burst_bytes = 4096 }", r"memory\.rate\.npu\.gbps = 0"),
        ("rate.npu = { gbps = 1, burst_bytes = 64 }", r"at least memory\.chunk_bytes = 4096"),
        ("rate.gpu = { gbps = 1, burst_bytes = 4096 }", r"memory\.rate\.gpu: no such client"),
        ('arbitration = "rate-regulated"', r"memory\.rate: missing; give memory\.rate\.CLIENT"),
        ('arbitration = ""', r"memory\.arbitration = '': must be one of fifo"),
        ('arbitration = "proportional-fair"\nfidelity = "analytic"', "'analytic' knows 'fifo' and 'fixed-priority'"),
    ],
)
def test_what_is_wrong_is_said_at_its_key(tmp_path: Path, memory: str, said: str) -> None:
    with pytest.raises(InputError, match=rf"mine\.toml: .*{said}"):
        loaded(tmp_path, memory)


def test_a_client_of_the_device_s_own(tmp_path: Path) -> None:
    others = "[priority.others]\ncamera = 9\n"
    device = loaded(tmp_path, "rate.camera = { gbps = 1, burst_bytes = 4096 }", others)
    assert device.priority.others == {"camera": 9}
    for wrong in ("camera = 16", "Camera = 1", '"a b" = 1'):
        with pytest.raises(InputError, match=r"priority\.others"):
            loaded(tmp_path, "", f"[priority.others]\n{wrong}\n")
