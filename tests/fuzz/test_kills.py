"""Kills at random moments: what was there stays whole, what is there is whole, and the next start goes on."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from azsim.compress.update.make import make_update
from azsim.compress.update.store import ModelStore
from azsim.nn.rnnt.save import save_network
from azsim.output_file import TEMPORARY
from tests.conftest import random_network
from tests.fuzz.harness import LONGEST_S, Attack, files, numbers
from tests.fuzz.test_toml import EXPERIMENT
from tests.fuzz.values import with_value

pytestmark = pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")
KILLS = {"compare": 1, "new": 2, "apply": 2}


@dataclass(frozen=True)
class Victim:
    """A command, and what must hold of the folder that it writes to whenever it is killed.

    Attributes:
        words: of the command.
        target: the folder.
        whole: what is wrong with the folder, empty if nothing.
    """

    words: list[str]
    target: Path
    whole: Callable[[Path], str]


def start(words: list[str]) -> subprocess.Popen[bytes]:
    """The command in a group of processes of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "azsim", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def report_is_whole(folder: Path) -> str:
    """A report's manifest lists every file with its digest, as far as there is one; temporary files aside."""
    found = {name: digest for name, digest in files(folder).items() if not TEMPORARY.search(name)}
    if not found:
        return ""
    if "manifest.json" not in found:
        return f"files without a manifest: {sorted(found)}"
    listed = json.loads((folder / "manifest.json").read_text())["files"]
    strange = [name for name in found if name not in listed and name != "manifest.json"]
    return f"files that no manifest lists: {strange}" if strange else ""


def started_folder_is_whole(folder: Path) -> str:
    """Every file of a started folder is whole."""
    parts = {name: (folder / name).read_text() for name in files(folder) if not TEMPORARY.search(name)}
    ends = {"experiment.toml": 'values_per_cycle"]\n', "device.toml": "\n", "README.md": "\n"}
    cut = [name for name, text in parts.items() if not text.endswith(ends.get(name, ""))]
    return f"cut: {cut}" if cut else ""


def store_is_whole(folder: Path) -> str:
    """The device runs a whole model."""
    found = ModelStore(folder).current()
    return "nothing runs" if found is None else ""


@pytest.fixture
def victims(tmp_path: Path, images: tuple[bytes, bytes], key: Ed25519PrivateKey) -> dict[str, Victim]:
    """Commands that write a report, a folder to start from, and a store."""
    save_network(random_network(8), tmp_path / "net.safetensors")
    rng = np.random.default_rng(1)
    soundfile.write(tmp_path / "0.wav", np.concatenate([rng.normal(0, 0.1, 8000), np.zeros(8000)]), 16_000)
    (tmp_path / "set.csv").write_text("file,transcript,speech_end_ms\n0.wav,turn on the light,500\n")
    kept = ("name", "device", "model", "speech", "seed", "configuration")
    tree = {name: EXPERIMENT[name] for name in kept} | {"music": ""}
    (tmp_path / "exp.toml").write_text(with_value(tree, ("none",), ""))
    store = ModelStore.create(tmp_path / "store", key.public_key())
    store.install(make_update(images[0], version=1, key=key))
    (tmp_path / "u.azu").write_bytes(make_update(images[1], version=2, key=key, old=images[0]))
    out, new = tmp_path / "out", tmp_path / "mine"
    return {
        "compare": Victim(["compare", str(tmp_path / "exp.toml"), "--out", str(out)], out, report_is_whole),
        "new": Victim(["new", str(new)], new, started_folder_is_whole),
        "apply": Victim(
            ["update", "apply", str(tmp_path / "u.azu"), "--store", str(store.folder), "--allow-rollback"],
            store.folder,
            store_is_whole,
        ),
    }


@pytest.mark.parametrize("name", ["compare", "new", "apply"])
def test_kills(attack: Attack, victims: dict[str, Victim], name: str, tmp_path: Path) -> None:
    victim = victims[name]
    before = tmp_path / "before"
    shutil.copytree(victim.target, before) if victim.target.exists() else before.mkdir()
    began_s = time.monotonic()
    attack.check("undisturbed", start(victim.words).wait(LONGEST_S) == 0, "does not end well")
    took_s = time.monotonic() - began_s
    for number in numbers(KILLS[name]):
        case = f"kill {number}"
        shutil.rmtree(victim.target)
        if number % 2 or name == "apply":
            shutil.copytree(before, victim.target)
        process = start(victim.words)
        time.sleep(took_s * float(attack.rng(number).uniform(0.3, 1.0)))
        with_children(process)
        wrong = attack.answer(case, lambda: victim.whole(victim.target)) if victim.target.exists() else ""
        attack.check(case, not wrong, str(wrong))
        attack.check(case, start(victim.words).wait(LONGEST_S) in (0, 2), "the next start does not end well")
        left = [name for name in files(victim.target) if TEMPORARY.search(name)]
        attack.check(case, not left, f"left after the next start: {left}")


def with_children(process: subprocess.Popen[bytes]) -> None:
    """Kill a command and the processes that it started."""
    with contextlib.suppress(ProcessLookupError):  # it had ended
        os.killpg(process.pid, 9)
    process.wait(LONGEST_S)
