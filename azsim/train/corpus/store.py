"""Features on disk: one folder per shard, its index written last.

::

    shard-00/features.f16   float16, little-endian, shape (frames of all utterances, 64), C order
    shard-00/index.jsonl    one line per utterance; its presence marks a complete shard
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from azsim.speech.features import MEL_BINS

FEATURES_NAME = "features.f16"
INDEX_NAME = "index.jsonl"

Entry = dict[str, str | int]


def is_complete(folder: Path) -> bool:
    """Whether the shard in this folder was written to its end."""
    return (folder / INDEX_NAME).exists()


def write_shard(folder: Path, items: Iterable[tuple[Mapping[str, str | int], np.ndarray]]) -> int:
    """Write utterances and their features, shape ``(frames, 64)``; returns how many.

    ``start_frame`` and ``frames`` are added to each entry. What the folder held stays until all is written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    unfinished_features = folder / f"{FEATURES_NAME}.part"
    unfinished_index = folder / f"{INDEX_NAME}.part"
    start_frame = count = 0
    try:
        with unfinished_features.open("wb") as features_file, unfinished_index.open("w") as index_file:
            for entry, features in items:
                if features.ndim != 2 or features.shape[1] != MEL_BINS:
                    raise ValueError(
                        f"{entry['id']}: features of shape {features.shape}, expected (frames, {MEL_BINS})"
                    )
                features_file.write(np.ascontiguousarray(features, "<f2").tobytes())
                placed = {**entry, "start_frame": start_frame, "frames": len(features)}
                index_file.write(json.dumps(placed) + "\n")
                start_frame += len(features)
                count += 1
        (folder / INDEX_NAME).unlink(missing_ok=True)
        os.replace(unfinished_features, folder / FEATURES_NAME)
        os.replace(unfinished_index, folder / INDEX_NAME)
    finally:
        unfinished_features.unlink(missing_ok=True)
        unfinished_index.unlink(missing_ok=True)
    return count


def read_index(folder: Path) -> list[Entry]:
    """The entries of a complete shard, in order."""
    with (folder / INDEX_NAME).open() as file:
        return [json.loads(line) for line in file]


def read_features(folder: Path) -> np.ndarray:
    """All features of a shard, float16 of shape ``(frames, 64)``, mapped from disk."""
    return np.memmap(folder / FEATURES_NAME, "<f2", "r").reshape(-1, MEL_BINS)
