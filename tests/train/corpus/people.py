"""A folder of data laid out as the corpora of voices and of whispers take it."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import soundfile


def lay_out(root: Path, sound: np.ndarray) -> Path:
    """Two who order (one of them in dev), two who read (one for measuring), words of known and of unknown people."""

    def write(folder: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
        (root / folder).mkdir(parents=True)
        with (root / folder / "manifest.csv").open("w", newline="") as stream:
            csv.writer(stream).writerows([columns, *rows])
        for name, *_ in rows:
            soundfile.write(root / folder / name, sound, 16_000)

    write(
        "barista",
        ("file", "transcript", "speaker", "split"),
        [("o.wav", "a latte", "ann", "train"), ("d.wav", "a mocha", "dan", "dev")],
    )
    write("speakers", ("file", "speaker", "set"), [("r.wav", "ria", "train-clean-100"), ("t.wav", "tom", "test-other")])
    write("wakeword", ("file", "word"), [("x.wav", "alexa"), ("c.wav", "computer")])
    with (root / "wakeword" / "alexa_groups.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("file", "group"), ("x.wav", "a03")])
    return root
