"""The budget of memory: sizes as people write them, a limit that worker processes share, refusals before the work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from azsim import budget
from azsim.errors import InputError


@pytest.fixture(autouse=True)
def no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(budget.VARIABLE, "")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("4096", 4096),
        ("512M", 512 << 20),
        ("2g", 2 << 30),
        ("1.5GiB", 3 << 29),
        ("3 KB", 3072),
        ("1T", 1 << 40),
    ],
)
def test_sizes_as_people_write_them(text: str, size: int) -> None:
    assert budget.parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "0", "-1", "many", "1X", "1e9", "nan", "1" * 400, "0.0000001K", "١M"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="must be a size above 0, such as 512M or 4G"):
        budget.parse_bytes(text)


def test_work_within_the_budget_goes_on_and_more_is_refused_with_its_place() -> None:
    budget.set_limit(3 << 30)
    budget.require(3 << 30, what="a thing")
    with pytest.raises(InputError) as refusal:
        budget.require(4.5 * 2**30, what="a network of 10 layers", where="a.toml: units = 9")
    assert str(refusal.value) == (
        "a.toml: units = 9: a network of 10 layers would take 4.5 GiB of memory; at most 3 GiB may be taken "
        "(--max-memory)"
    )


def test_the_limit_is_three_quarters_of_what_is_free_unless_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "free_bytes", lambda: 4000)
    assert budget.limit_bytes() == 3000
    budget.set_limit(17)
    assert budget.limit_bytes() == 17
    budget.set_limit(None)
    assert budget.limit_bytes() == 3000
    with pytest.raises(InputError, match="above 0"):
        budget.set_limit(0)


def test_within_a_command_the_limit_stays_and_then_it_is_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "free_bytes", lambda: 4000)
    with budget.limited(None):
        monkeypatch.setattr(budget, "free_bytes", lambda: 40)
        assert budget.limit_bytes() == 3000
        with budget.limited(7):
            assert budget.limit_bytes() == 7
        assert budget.limit_bytes() == 3000
    assert budget.limit_bytes() == 30


def test_worker_processes_have_the_limit_too() -> None:
    budget.set_limit(12345)
    command = [sys.executable, "-c", "from azsim import budget; print(budget.limit_bytes())"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "12345\n"


def test_a_variable_that_holds_no_size_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(budget.VARIABLE, "much")
    with pytest.raises(InputError, match="AZSIM_MAX_MEMORY = 'much': must be a size"):
        budget.require(1, what="a thing")


def test_free_memory_is_that_of_the_machine_or_of_the_control_group(tmp_path: Path, monkeypatch) -> None:
    assert 0 < budget.free_bytes() <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    (tmp_path / "memory.max").write_text("5000\n")
    (tmp_path / "memory.current").write_text("2000\n")
    monkeypatch.setattr(budget, "_CGROUP", tmp_path)
    assert budget.free_bytes() == 3000
    (tmp_path / "memory.max").write_text("max\n")
    assert budget.free_bytes() > 3000


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1023, "1023 bytes"), (1536, "1.5 KiB"), (2**31, "2 GiB")]
)
def test_sizes_are_shown_with_their_unit(size: int, text: str) -> None:
    assert budget.shown(size) == text
