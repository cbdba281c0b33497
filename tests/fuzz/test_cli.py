"""Every option and argument of every command by words that it should not get."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from azsim.cli import parser
from azsim.nn.rnnt.save import save_network
from tests.conftest import random_network
from tests.fuzz.harness import TIMES, Attack
from tests.fuzz.test_toml import EXPERIMENT
from tests.fuzz.values import with_value

BAD_WORDS = (
    "", " ", "-1", "0", "0.0", "nan", "inf", "-inf", "1e9", "9" * 30, "9" * 5000, "x", "x" * 3000, "\x1b[31m", "a\nb",
    "\uffff", "=1+1", "..", ".", "/", "/dev/null", "/dev/zero", "here/", "none.toml", "none/none", "é", "1:0",
)  # fmt: skip
SHARE = 12
NOT_TRIED = ("train", "listen", "cloud serve", "cloud ask")
"""Words that these take would begin a training, wait for sound, or for a line."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one good thing of each kind, in which the commands run."""
    save_network(random_network(8), tmp_path / "net.safetensors")
    rng = np.random.default_rng(1)
    soundfile.write(tmp_path / "0.wav", np.concatenate([rng.normal(0, 0.1, 8000), np.zeros(8000)]), 16_000)
    (tmp_path / "set.csv").write_text("file,transcript,speech_end_ms\n0.wav,turn on the light,500\n")
    tree = {name: EXPERIMENT[name] for name in ("name", "device", "model", "speech", "seed", "configuration")} | {
        "music": ""
    }
    (tmp_path / "exp.toml").write_text(with_value(tree, ("none",), ""))
    np.save(tmp_path / "w.npy", np.ones((8, 16), np.int8))
    np.save(tmp_path / "x.npy", np.ones(16, np.int8))
    np.save(tmp_path / "rows.npy", np.ones((5, 4), np.int64))
    (tmp_path / "net.onnx").write_bytes(b"\x08\x08")
    (tmp_path / "here" / "inner").mkdir(parents=True)
    (tmp_path / "here" / "keep.txt").write_text("mine")
    monkeypatch.chdir(tmp_path / "here" / "inner")
    return tmp_path


def good(folder: Path) -> dict[str, list[str]]:
    """Command -> arguments that it would take."""
    return {
        "compare": [str(folder / "exp.toml"), "--workers", "1"],
        "run": [str(folder / "0.wav"), "--no-music", "--model", str(folder / "net.safetensors")],
        "matvec": ["--weights", str(folder / "w.npy"), "--activations", str(folder / "x.npy")],
        "compress": [str(folder / "w.npy")],
        "import": [str(folder / "net.onnx"), "--out", "imported"],
        "infer": ["understanding", "--input", str(folder / "rows.npy")],
        "inspect": ["az1"],
        "completion": ["bash"],
        "new": ["mine"],
        "update key": [str(folder / "k.pem")],
        "update image": [str(folder / "net.safetensors"), "--out", str(folder / "n.azm")],
        "update make": ["n.azm", "--release", "1", "--key", "k.pem", "--out", "u.azu"],
        "update apply": ["u.azu", "--store", "store"],
        "update inspect": ["n.azm"],
    }


def commands(top: argparse.ArgumentParser, named: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Each command's name and parser, actions of a command one by one."""
    inner = [action for action in top._actions if isinstance(action, argparse._SubParsersAction)]
    for action in inner:
        for name, command in action.choices.items():
            yield from commands(command, f"{named} {name}".strip())
    if not inner:
        yield named, top


def cases(folder: Path, attack: Attack) -> Iterator[tuple[str, list[str]]]:
    """Name and words of each case: good arguments, and one more option or a bad word in place of one."""
    for number, (name, command) in enumerate(commands(parser())):
        if name in NOT_TRIED:
            continue
        words = [*name.split(), *good(folder)[name]]
        rng = attack.rng(number)
        options = [action for action in command._actions if action.option_strings and action.nargs != 0]
        for action in options:
            option = action.option_strings[-1]
            count = min(len(BAD_WORDS), -(-len(BAD_WORDS) * TIMES // SHARE))
            for index in rng.choice(len(BAD_WORDS), count, replace=False):
                given = [word for place, word in enumerate(words) if option not in words[max(0, place - 1) : place + 1]]
                yield f"{name} {option} {BAD_WORDS[index]!r:.40}", [*given, option, BAD_WORDS[index]]
        first = len(name.split())
        for index in rng.choice(len(BAD_WORDS), len(BAD_WORDS) // SHARE * min(SHARE, TIMES), replace=False):
            yield f"{name} {BAD_WORDS[index]!r:.40}", [*words[:first], BAD_WORDS[index], *words[first + 1 :]]


def test_words(attack: Attack, folder: Path) -> None:
    for case, words in cases(folder, attack):
        attack.command(case, folder, *words)
        attack.check(case, (folder / "here" / "keep.txt").read_text() == "mine", "another's file was changed")
