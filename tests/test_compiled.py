"""Kernels work wherever their cache is, and whatever has become of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import azsim

KERNELS = """
from azsim.compiled import njit
from constants import STEP
from called import more

@njit(cache=True, nogil=True)
def grown(x):
    return more(x) + STEP
"""
CALLED = """
from azsim.compiled import njit

@njit(cache=True, nogil=True)
def more(x):
    return 2 * x
"""
USE = """
import warnings
warnings.simplefilter("always")
from azsim.notices import heard_by
import kernels
names = []
with heard_by(lambda notice: names.append(notice.detail)):
    print(kernels.grown(5), names)
"""
Run = Callable[..., subprocess.CompletedProcess]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Three modules that make one kernel, and a folder for its cache."""
    (tmp_path / "kernels.py").write_text(KERNELS)
    (tmp_path / "called.py").write_text(CALLED)
    (tmp_path / "constants.py").write_text("STEP = 3\n")
    (tmp_path / "cache").mkdir()
    return tmp_path


@pytest.fixture
def run(home: Path) -> Run:
    """Use the kernel in a process of its own; what it prints, and the names of what it compiled."""

    def run(code: str = USE, **environment: str) -> subprocess.CompletedProcess:
        variables = {**os.environ, "NUMBA_CACHE_DIR": str(home / "cache"), **environment}
        variables["PYTHONPATH"] = os.pathsep.join([str(home), str(Path(azsim.__file__).parents[1])])
        # Python's own .pyc files tell a source by its size and second: without them, a quick edit is always seen
        ended = subprocess.run(
            [sys.executable, "-B", "-c", code], env=variables, capture_output=True, text=True, cwd=home
        )
        assert ended.returncode == 0, ended.stderr
        return ended

    return run


def index_of(home: Path, function: str) -> Path:
    (found,) = home.glob(f"cache/*/*{function}-*.nbi")
    return found


def test_a_kernel_is_compiled_once(run: Run) -> None:
    assert run().stdout.strip() == "13 ['grown', 'more']"
    ended = run()
    assert ended.stdout.strip() == "13 []"
    assert ended.stderr == ""


def one_wrong_byte(data: bytes) -> bytes:
    at = len(data) // 2
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


@pytest.mark.parametrize(
    ("suffix", "damage"),
    [
        ("nbi", lambda data: b""),
        ("nbi", lambda data: bytes(len(data))),
        ("nbc", lambda data: data[: len(data) // 2]),
        ("nbc", one_wrong_byte),
    ],
    ids=["empty index", "index of zeros", "code cut short", "code with a wrong byte"],
)
def test_a_damaged_cache_is_made_anew(home: Path, run: Run, suffix: str, damage: Callable[[bytes], bytes]) -> None:
    run()
    for path in home.glob(f"cache/*/*.{suffix}"):
        path.write_bytes(damage(path.read_bytes()))
    ended = run()
    assert ended.stdout.strip() == "13 ['grown', 'more']"
    assert ended.stderr == ""


@pytest.mark.parametrize(
    ("file", "old", "new", "result"), [("called.py", "2 * x", "7 * x", 38), ("constants.py", "3", "4", 14)]
)
def test_what_was_compiled_into_a_kernel_makes_it_stale(
    home: Path, run: Run, file: str, old: str, new: str, result: int
) -> None:
    run()
    path = home / file
    path.write_text(path.read_text().replace(old, new))
    assert run().stdout.split()[0] == str(result)


CLOSURE = """
from azsim.compiled import njit
from called import more
from constants import STEP

def made(step, call):
    @njit(cache=False, nogil=True)
    def chosen(x):
        return call(x) + step

    return chosen

chosen = made(STEP, more)

@njit(cache=True, nogil=True)
def grown(x):
    return chosen(x)
"""


@pytest.mark.parametrize(
    ("file", "old", "new", "result"), [("called.py", "2 * x", "7 * x", 38), ("constants.py", "3", "4", 14)]
)
def test_so_does_what_it_was_given_when_it_was_made(
    home: Path, run: Run, file: str, old: str, new: str, result: int
) -> None:
    (home / "kernels.py").write_text(CLOSURE)
    assert run().stdout.split()[0] == "13"
    path = home / file
    path.write_text(path.read_text().replace(old, new))
    assert run().stdout.split()[0] == str(result)


def test_machine_code_of_another_signature_under_a_name_is_not_run(home: Path, run: Run) -> None:
    """Two processes that compile a function for other types at once may leave it so."""
    run()
    whole = index_of(home, "grown").read_bytes()
    run(USE.replace("grown(5)", "grown(5.5)"))
    (data,) = home.glob("cache/*/*grown*.2.nbc")
    index_of(home, "grown").write_bytes(whole)
    data.replace(str(data).replace(".2.nbc", ".1.nbc"))
    assert run().stdout.strip() == "13 ['grown']"


def test_without_a_folder_that_can_be_written_one_warning_and_a_temporary_one(home: Path, run: Run) -> None:
    """As in a container without a home whose packages are root's."""
    (home / "file").touch()
    nowhere = str(home / "file" / "below")
    code = f"""
import azsim.compiled
azsim.compiled.__file__ = {nowhere!r}
{USE}
import os
print(os.path.isdir(os.environ["NUMBA_CACHE_DIR"]), os.environ["NUMBA_CACHE_DIR"])
"""
    ended = run(code, NUMBA_CACHE_DIR=nowhere, XDG_CACHE_HOME=nowhere)
    first, second = ended.stdout.splitlines()
    assert first == "13 ['grown', 'more']"
    assert second.startswith("True ")
    assert ended.stderr.count("compiled kernels cannot be kept") == 1
    assert not Path(second.removeprefix("True ")).exists()


def test_nobody_s_home_is_not_made_in_the_current_folder(home: Path, run: Run) -> None:
    code = f"""
import os.path
os.path.expanduser = lambda path: path
import azsim.compiled
azsim.compiled.__file__ = "/dev/null/x"
{USE}
"""
    ended = run(code, NUMBA_CACHE_DIR="", XDG_CACHE_HOME="")
    assert ended.stdout.strip() == "13 ['grown', 'more']"
    assert not (home / "~").exists()


def test_a_full_disk_is_one_warning(run: Run) -> None:
    code = f"""
from azsim import compiled
def full(*words):
    raise OSError(28, "No space left on device")
compiled._SealedFile._save_data = full
{USE}
"""
    for _ in range(2):
        ended = run(code)
        assert ended.stdout.strip() == "13 ['grown', 'more']"
        assert ended.stderr.count("No space left on device") == 1
