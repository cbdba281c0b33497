"""Work in processes that are started anew: in order, and without running what lies in the current folder."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from azsim.spawned import safe_path, spread


def plus(number: int, more: int) -> tuple[int, int]:
    return number + more, os.getpid()


@pytest.mark.parametrize("workers", [1, 2])
def test_answers_come_in_order(workers: int) -> None:
    answers = list(spread(partial(plus, more=10), range(5), workers))
    assert [number for number, _ in answers] == [10, 11, 12, 13, 14]
    assert (os.getpid() in {process for _, process in answers}) == (workers == 1)


@pytest.mark.parametrize("before", [None, "", "1"])
def test_the_path_is_safe_within_and_as_before_afterwards(monkeypatch: pytest.MonkeyPatch, before: str | None) -> None:
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    if before is not None:
        monkeypatch.setenv("PYTHONSAFEPATH", before)
    with safe_path():
        assert os.environ["PYTHONSAFEPATH"] == "1"
    assert os.environ.get("PYTHONSAFEPATH") == before


def test_a_file_of_the_current_folder_is_not_run(tmp_path: Path) -> None:
    for name in ("pickle", "struct", "selectors", "numpy"):
        (tmp_path / f"{name}.py").write_text(f"open('mark', 'a').write('{name} ')\nraise SystemExit(1)\n")
    script = tmp_path / "elsewhere" / "script.py"
    script.parent.mkdir()
    script.write_text(
        "from functools import partial\nfrom azsim.spawned import spread\n"
        "from tests.compare.test_pool import scaled\n"
        "if __name__ == '__main__':\n    print(list(spread(partial(scaled, 10), [1, 2], 2)))\n"
    )
    variables = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, str(script)]
    ended = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=60)
    assert not (tmp_path / "mark").exists()
    assert (ended.stdout, ended.stderr) == ("[10, 20]\n", "")
