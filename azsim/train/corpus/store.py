"""Features on disk: one folder per shard, its index written last.

::

    shard-00/features.f16   float16, little-endian, shape (frames of all utterances, 64), C order
    shard-00/index.jsonl    one line per utterance; its presence marks a complete shard
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from azsim.output_file import replacing
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
    start_frame = count = 0
    with replacing(folder / INDEX_NAME) as index_file, replacing(folder / FEATURES_NAME) as features_file:
        for entry, features in items:
            if features.ndim != 2 or features.shape[1] != MEL_BINS:
                raise ValueError(
                    f"{entry['id']}: features of shape {features.shape}, expected (frames, {MEL_BINS})"
                )
            features_file.write(np.ascontiguousarray(features, "<f2").tobytes())
            placed = {**entry, "start_frame": start_frame, "frames": len(features)}
            index_file.write(json.dumps(placed).encode() + b"\n")
            start_frame += len(features)
            count += 1
        features_file.flush()
        (folder / INDEX_NAME).unlink(missing_ok=True)  # no index is better than one of other features
    return count


def read_index(folder: Path) -> list[Entry]:
    """The entries of a complete shard, in order."""
    with (folder / INDEX_NAME).open() as file:
        return [json.loads(line) for line in file]


def read_features(folder: Path) -> np.ndarray:
    """All features of a shard, float16 of shape ``(frames, 64)``, mapped from disk."""
    return np.memmap(folder / FEATURES_NAME, "<f2", "r").reshape(-1, MEL_BINS)
