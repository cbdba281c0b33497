"""Manifests of recordings and traces of links, line by line and cell by cell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from azsim.compare.speech_set import load_speech
from azsim.soc.link import read_link
from tests.fuzz.harness import Attack, damaged, numbers

CELLS, DAMAGED = 60, 40
BAD_CELLS = (
    "", " ", "nan", "inf", "-1", "0", "1e308", "9" * 400, "x" * 3000, "=HYPERLINK(1)", "@x", "-1+1", '"', '""', "a,b",
    "a\nb", "\x1b[31m", "\uffff", "\u202e", "\0", "../../etc/passwd", "/", "/dev/null", "/dev/zero", "..", "all",
    "हिन्दी", "0.wav", "<b>", "url(#a)",
)  # fmt: skip
MANIFEST = (
    ("file", "transcript", "speech_start_ms", "speech_end_ms", "speaker", "group"),
    ("0.wav", "turn on the light", "10", "500", "a", ""),
    ("0.wav", "turn it off", "10", "500", "b", "near"),
    ("0.wav", "", "", "", "", ""),
)
LINK = (
    ("time_s", "uplink_mbps", "downlink_mbps", "rtt_ms"),
    ("0.000", "", "", ""),
    ("42.500", "0", "0", ""),
    ("61.250", "1.5", "4", "120"),
)


def changed(table: tuple[tuple[str, ...], ...], rng: np.random.Generator) -> str:
    """A table with one or two cells replaced, or a row dropped, repeated, cut short or too long."""
    rows = [list(row) for row in table]
    for _ in range(int(rng.integers(1, 3))):
        row = int(rng.integers(len(rows)))
        kind = int(rng.integers(10))
        if kind < 7 and rows[row]:
            rows[row][int(rng.integers(len(rows[row])))] = BAD_CELLS[int(rng.integers(len(BAD_CELLS)))]
        elif kind == 7:
            rows.insert(row, list(rows[row]))
        elif kind == 8:
            rows[row] = rows[row][: int(rng.integers(len(rows[row]) + 1))]
        else:
            rows[row].append("more")
    return "\n".join(",".join(row) for row in rows) + "\n"


def test_manifests(attack: Attack, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    soundfile.write(tmp_path / "0.wav", np.concatenate([rng.normal(0, 0.1, 8000), np.zeros(8000)]), 16_000)
    path = tmp_path / "set.csv"
    texts = [(f"cells {number}", changed(MANIFEST, attack.rng(number)).encode()) for number in numbers(CELLS)]
    whole = "\n".join(",".join(row) for row in MANIFEST).encode()
    texts += [(f"damage {number}", damaged(whole, attack.rng(number))) for number in numbers(DAMAGED)]
    for case, text in texts:
        path.write_bytes(text)
        utterances = attack.answer(case, lambda: load_speech(path))
        for one in utterances or ():
            attack.check(case, one.name.isprintable(), f"a name that no terminal should get: {one.name!r}")


def test_links(attack: Attack, tmp_path: Path) -> None:
    path = tmp_path / "link.csv"
    for number in numbers(2 * CELLS):
        path.write_bytes(changed(LINK, attack.rng(number)).encode())
        attack.answer(f"cells {number}", lambda: read_link(path))
    whole = "\n".join(",".join(row) for row in LINK).encode()
    for number in numbers(2 * DAMAGED):
        path.write_bytes(damaged(whole, attack.rng(number)))
        attack.answer(f"damage {number}", lambda: read_link(path))
