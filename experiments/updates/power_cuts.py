"""An installation killed at random moments, again and again: which model is there afterwards?"""

from __future__ import annotations

import os
import random
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from azsim.compress.update.make import make_update
from azsim.compress.update.store import ModelStore
from azsim.output_file import TEMPORARY
from experiments.updates.sizes import KEY

SEED = 4


@dataclass(frozen=True, slots=True)
class Cuts:
    """What was found after the kills.

    Attributes:
        killed: processes that died of the signal; the others had finished before it came.
        partial: times a half-written file lay about (and was not used).
        old, new, neither: which image the device then ran, compared byte by byte.
        install_ms: length of an installation left alone.
    """

    kills: int
    killed: int
    partial: int
    old: int
    new: int
    neither: int
    install_ms: float


def cut(old: bytes, new: bytes, kills: int) -> Cuts:
    """Install a delta ``kills`` times in a process of its own and kill it with SIGKILL somewhere on the way."""
    update = make_update(new, version=2, key=KEY, old=old)
    rng, counts = random.Random(SEED), {"old": 0, "new": 0, "neither": 0}
    killed = partial = 0
    with tempfile.TemporaryDirectory() as scratch:
        pristine, folder = Path(scratch) / "pristine", Path(scratch) / "store"
        ModelStore.create(pristine, KEY.public_key()).install(make_update(old, version=1, key=KEY))
        install_s = max(_install_s(pristine, folder, update) for _ in range(3))
        for _ in range(kills):
            child = _start(pristine, folder, update)
            time.sleep(rng.uniform(0, 1.1 * install_s))
            os.kill(child, signal.SIGKILL)
            killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
            partial += any(TEMPORARY.fullmatch(path.name) for path in folder.iterdir())
            found = ModelStore(folder).current()
            image = found.image if found else b""
            counts["old" if image == old else "new" if image == new else "neither"] += 1
    return Cuts(kills, killed, partial, **counts, install_ms=1000 * install_s)


def _install_s(pristine: Path, folder: Path, update: bytes) -> float:
    began = time.monotonic()
    os.waitpid(_start(pristine, folder, update), 0)
    return time.monotonic() - began


def _start(pristine: Path, folder: Path, update: bytes) -> int:
    """A child that installs into a fresh copy of the store; its process id."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(pristine, folder)
    child = os.fork()
    if child == 0:
        try:
            ModelStore(folder).install(update)
            os._exit(0)
        except BaseException:
            os._exit(1)
    return child
