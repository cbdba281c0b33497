"""The tables in a real terminal of 60, 80 and 120 columns: piped output has a width of its own and hides faults."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from azsim.resources import device_file

termios = pytest.importorskip("termios", reason="pseudo-terminals are POSIX's")
import fcntl  # noqa: E402

WIDTHS = (60, 80, 120)
TABLES = """
import sys
from azsim.report.fitted import output_console
from azsim.report.table import print_tables
from tests.report import invented
print_tables(invented.comparison(utterances=6), output_console())
"""


def in_terminal(columns: int, *command: str) -> list[str]:
    """What a command prints on a terminal of so many columns, a line per line, colours taken out."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES", "NO_COLOR")}
    environment |= {"TERM": "xterm", "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, env=environment) as process:
        os.close(theirs)
        output = bytearray()
        while True:
            try:
                part = os.read(ours, 1 << 16)
            except OSError:  # Linux: the other side is closed
                part = b""
            if not part:
                break
            output += part
        os.close(ours)
        assert process.wait() == 0, process.stderr.read().decode()
    return re.sub(r"\x1b\[[0-9;]*m", "", output.decode()).replace("\r", "").splitlines()


@pytest.mark.parametrize("columns", WIDTHS)
def test_the_main_tables_cut_no_number(columns: int) -> None:
    lines = in_terminal(columns, sys.executable, "-c", TABLES)
    text = "\n".join(lines)
    assert max(map(len, lines)) <= columns
    assert "\u2026" not in text
    for size_kib in (2842, 1777, 1787, 1250, 728, 11289):
        assert re.search(rf"(?<!\d){size_kib}(?!\d)", text), f"{size_kib} KiB is not whole"
    assert f"left out at {columns} columns: NPU busy (%), bits (/weight)" in text


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("thing", ["az1", "rnnt-5bit-50"])
def test_an_inspection_says_the_same_at_every_width(columns: int, thing: str) -> None:
    narrow = in_terminal(columns, sys.executable, "-m", "azsim", "inspect", thing)
    wide = in_terminal(400, sys.executable, "-m", "azsim", "inspect", thing)
    assert max(map(len, narrow)) <= columns
    ends = {line.split()[-1] for line in narrow if line.strip("\u2500 ")}
    assert ends <= {word for line in wide for word in line.split()} or columns < 80, "a line ends with a whole word"
    numbers = re.compile(r"(?<![\w.,])\d[\d.,]*(?![\w])")
    assert set(numbers.findall("\n".join(wide))) <= set(numbers.findall("\n".join(narrow)))


@pytest.mark.parametrize("columns", WIDTHS)
def test_matvec_shows_every_layer(columns: int, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    names = [f"decoder.layers.{n}.feed_forward.up_projection" for n in range(6)]
    np.savez(tmp_path / "w.npz", **{name: random.integers(-9, 9, (64, 48), np.int8) for name in names})
    np.savez(tmp_path / "x.npz", **{name: random.integers(-9, 9, 48, np.int8) for name in names})
    files = ["--weights", str(tmp_path / "w.npz"), "--activations", str(tmp_path / "x.npz")]
    lines = in_terminal(columns, sys.executable, "-m", "azsim", "matvec", *files)
    assert max(map(len, lines)) <= columns
    assert sum(len(line.split()) - 1 for line in lines if line.startswith("cycles ")) == len(names) + 1
    assert not any("\u2026" in line for line in lines if re.search(r"\d\u2026|\u2026$", line))


CONTROLS = "a\x1b[2J\x1b]0;owned\x07\x9bb"


def test_no_control_character_of_a_name_reaches_the_terminal(tmp_path: Path) -> None:
    """Names of files, layers and devices, in tables and in the line of an error."""
    (tmp_path / "w.npz").write_bytes(b"")
    np.savez(tmp_path / "w.npz", **{CONTROLS: np.ones((4, 4), np.int8)})
    np.savez(tmp_path / "x.npz", **{CONTROLS: np.ones(4, np.int8)})
    azsim = [sys.executable, "-m", "azsim"]
    files = ["--weights", str(tmp_path / "w.npz"), "--activations", str(tmp_path / "x.npz")]
    device = device_file("az1").read_text(encoding="utf-8")
    summary = next(line for line in device.splitlines() if line.startswith("summary"))
    odd = tmp_path / f"{CONTROLS.replace('/', '')}.toml"
    odd.write_text(device.replace(summary, 'summary = "x\\u001b[2Jy"'), encoding="utf-8")
    for arguments in (["matvec", *files], ["inspect", str(odd)]):
        shown = "".join(in_terminal(80, *azsim, *arguments))
        assert not [letter for letter in shown if not letter.isprintable()], arguments
    for arguments in (
        ["inspect", f"none{CONTROLS}"],
        ["compare", f"{CONTROLS}.toml"],
        ["run", f"{CONTROLS}.wav"],
        [CONTROLS],
    ):
        done = subprocess.run([*azsim, *arguments], capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert done.stderr.strip().isprintable(), arguments
