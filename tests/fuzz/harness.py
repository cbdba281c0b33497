"""What every surface under attack must hold to: an answer, or one line that says what is wrong, and nothing else.

::

    a case ──> the API      a result or InputError              no other exception
           ──> a command    status 0, or status 2 and one line   nothing half-written, no file changed
           ──> neither hangs, crashes, nor takes more memory than the budget

Cases are drawn from a seed: a case that fails is named, and fails again. ``AZSIM_FUZZ_TIMES=N`` runs N times as many
(``make fuzz``), ``AZSIM_FUZZ_SEED=S`` others.
"""

from __future__ import annotations

import contextlib
import faulthandler
import hashlib
import io
import os
import sys
import traceback
import warnings
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np

from azsim.cli import main
from azsim.errors import InputError, readable
from azsim.output_file import TEMPORARY

TIMES = int(os.environ.get("AZSIM_FUZZ_TIMES", "1"))
SEED = int(os.environ.get("AZSIM_FUZZ_SEED", "1"))
LONGEST_S = 120
"""A case that takes longer hangs: the process ends with a traceback of where, also inside compiled code."""
LONGEST_LINE = 2000

Answer = TypeVar("Answer")


def numbers(few: int) -> range:
    """The numbers of a surface's cases: ``few`` in a usual run of the tests."""
    return range(few * TIMES)


class Attack:
    """The cases of one surface, and what was found at fault in them.

    Args:
        surface: its name, from which its cases are drawn.
    """

    def __init__(self, surface: str) -> None:
        self.surface = surface
        self.found: list[str] = []

    def rng(self, number: int) -> np.random.Generator:
        """The randomness of one case, the same on every run."""
        return np.random.default_rng([SEED, zlib.crc32(self.surface.encode()), number])

    def answer(self, case: str, call: Callable[[], Answer]) -> Answer | None:
        """What ``call`` gives, None if it refuses its input in one line; anything else is a finding."""
        with _watched():
            try:
                return call()
            except InputError as error:
                self._check_line(case, str(error))
            except Exception as error:
                place = traceback.extract_tb(error.__traceback__)[-1]
                self.found.append(f"{case}: {type(error).__name__}: {error} ({place.filename}:{place.lineno})")
        return None

    def command(self, case: str, folder: Path, *words: str) -> int:
        """Exit status of a command that is run in this process: 0, or 2 and one line.

        A refusal leaves the files below ``folder`` as they were; nothing half-written is left either way.
        """
        before = files(folder)
        out, said = io.StringIO(), io.StringIO()
        with _watched(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(said):
            try:
                status = main(list(words))
            except SystemExit as ended:
                status = ended.code
            except Exception as error:
                self.found.append(f"{case}: {type(error).__name__}: {error}")
                return 1
        lines = [line for line in said.getvalue().splitlines() if not line.startswith("azsim: warning: ")]
        after = files(folder)
        if status not in (0, 2):
            self.found.append(f"{case}: status {status}: {said.getvalue()}")
        elif status == 2:
            if len(lines) != 1 or not lines[0].startswith("azsim: ") or out.getvalue():
                self.found.append(f"{case}: not one line: {said.getvalue()!r}, {out.getvalue()[:200]!r}")
            else:
                self._check_line(case, lines[0])
            if after != before:
                self.found.append(f"{case}: files changed: {sorted(set(after.items()) ^ set(before.items()))}")
        if any(TEMPORARY.search(name) for name in after):
            self.found.append(f"{case}: a temporary file is left")
        return status

    def check(self, case: str, right: bool, what: str) -> None:
        """Note what does not hold."""
        if not right:
            self.found.append(f"{case}: {what}")

    def _check_line(self, case: str, line: str) -> None:
        """One line that says something, of a length that can be read, and not that azsim is at fault."""
        self.check(case, bool(line.strip()), "an empty message")
        self.check(case, line == readable(line), f"a message of more than a line: {line!r}")
        self.check(case, len(line) <= LONGEST_LINE, f"a line of {len(line)} letters: {line[:200]}")
        self.check(case, "defect" not in line and "Traceback" not in line, f"blames azsim: {line}")


def files(folder: Path) -> dict[str, str]:
    """Every file below a folder: name -> digest."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """``data`` with bits flipped, bytes replaced, moved, repeated, cut off or added, in one to three places."""
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 4))):
        at, size = int(rng.integers(len(changed) + 1)), int(rng.integers(1, 9))
        match int(rng.integers(8)):
            case 0 | 1 if at < len(changed):
                changed[at] ^= 1 << int(rng.integers(8))
            case 2:
                changed[at : at + size] = rng.bytes(size)
            case 3:
                changed[at : at + size] = rng.choice([b"\0", b"\xff", b"\x7f", b"\x80"]) * size
            case 4:
                del changed[at : at + size]
            case 5:
                changed[at:at] = rng.bytes(size)
            case 6:
                changed[at:at] = changed[at : at + 64 * size]
            case _:
                del changed[at:]
    return bytes(changed)


@contextlib.contextmanager
def _watched() -> Iterator[None]:
    """Within, warnings are not shown, and a hang ends the process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        faulthandler.dump_traceback_later(LONGEST_S, exit=True, file=sys.__stderr__)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
