"""Worker processes: every answer arrives, in this process or in others; none outlives its pool or its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from azsim.compare.pool import Pool
from azsim.errors import InputError, WorkError
from azsim.notices import Notice, heard_by, tell


def scaled(setup: int, task: int) -> int:
    return setup * task


def fails(setup: int, task: int) -> int:
    raise InputError("x.toml: key = 1: must be 2")


def dies(setup: int, task: int) -> int:
    os._exit(3)


def own_process(setup: None, task: None) -> int:
    return os.getpid()


def sleeps(setup: Path, task: int) -> None:
    (setup / str(os.getpid())).touch()
    time.sleep(600)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def wait_until(condition) -> None:
    """Poll; the 60 s are no measurement, only an end for a broken run."""
    end_s = time.monotonic() + 60
    while not condition() and time.monotonic() < end_s:
        time.sleep(0.02)
    assert condition()


def says(setup: None, task: str) -> str:
    tell(Notice("working", task))
    return task


@pytest.mark.parametrize("workers", [1, 2])
def test_every_task_is_answered_once_under_its_index(workers: int) -> None:
    with Pool(scaled, 10, workers) as pool:
        answers = list(pool.answers(range(7)))
    assert sorted(answers) == [(task, 10 * task) for task in range(7)]


def test_one_worker_is_this_process() -> None:
    with Pool(own_process, None, 1) as pool:
        assert list(pool.answers([None])) == [(0, os.getpid())]


def test_an_error_of_a_worker_reaches_the_caller_with_its_trace() -> None:
    with Pool(fails, 1, 2) as pool, pytest.raises(InputError, match=r"x\.toml: key = 1") as raised:
        list(pool.answers([1]))
    assert "in fails" in raised.value.__notes__[0]


def test_a_worker_that_dies_is_explained() -> None:
    with Pool(dies, 1, 2) as pool, pytest.raises(WorkError, match="a worker process died"):
        list(pool.answers([1]))


def test_work_that_a_worker_cannot_find_ends_it_instead_of_waiting_for_ever() -> None:
    code = """
from azsim.compare.pool import Pool
from azsim.errors import WorkError
def here_alone(setup, task):
    return task
try:
    with Pool(here_alone, 1, 2) as pool:
        list(pool.answers([1, 2]))
except WorkError as error:
    print(error)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert "a worker process died" in ended.stdout
    assert "here_alone" in ended.stderr


@pytest.mark.parametrize("workers", [1, 2])
def test_what_workers_say_of_their_work_is_heard_here(workers: int) -> None:
    heard: list[str] = []
    with heard_by(lambda notice: heard.append(notice.detail)), Pool(says, None, workers) as pool:
        answers = list(pool.answers(["a", "b", "c"]))
    assert sorted(heard) == ["a", "b", "c"]
    assert sorted(answers) == [(0, "a"), (1, "b"), (2, "c")]


def test_a_file_of_the_current_folder_is_not_run(tmp_path: Path) -> None:
    """Whatever library it is named like, and although it would keep the worker from answering."""
    for name in ("queue", "traceback", "numpy", "msgspec", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text(f"open('mark', 'a').write('{name} ')\nwhile True: pass\n")
    script = tmp_path / "elsewhere" / "script.py"
    script.parent.mkdir()
    script.write_text(
        "from azsim.compare.pool import Pool\nfrom tests.compare.test_pool import scaled\n"
        "with Pool(scaled, 10, 2) as pool:\n    print(sorted(pool.answers([1, 2])))\n"
    )
    variables = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, str(script)]
    ended = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=60)
    assert not (tmp_path / "mark").exists()
    assert (ended.stdout, ended.stderr) == ("[(0, 10), (1, 20)]\n", "")


def test_a_closed_pool_leaves_no_process() -> None:
    with Pool(own_process, None, 2) as pool:
        workers = {pid for _, pid in pool.answers([None] * 4)}
    assert os.getpid() not in workers
    assert not any(alive(pid) for pid in workers)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_workers_ignore_interrupts_and_end_with_their_parent(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from azsim.compare.pool import Pool
from tests.compare.test_pool import sleeps
with Pool(sleeps, Path({str(tmp_path)!r}), 2) as pool:
    list(pool.answers([1, 2]))
"""
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    wait_until(lambda: len(list(tmp_path.iterdir())) == 2)
    workers = [int(path.name) for path in tmp_path.iterdir()]
    for pid in workers:
        os.kill(pid, signal.SIGINT)
        os.kill(pid, signal.SIGTERM)
    assert all(alive(pid) for pid in workers)
    parent.kill()
    parent.wait()
    wait_until(lambda: not any(alive(pid) for pid in workers))
