from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from azsim.errors import InputError
from azsim.train.corpus.store import Entry, is_complete, read_features, read_index, write_shard


def items(lengths: tuple[int, ...]) -> Iterator[tuple[Entry, np.ndarray]]:
    for number, length in enumerate(lengths):
        yield {"id": f"u{number}", "text": "stop"}, np.full((length, 64), number, np.float16)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    assert write_shard(tmp_path / "shard", items((3, 0, 5))) == 3
    entries, features = read_index(tmp_path / "shard"), read_features(tmp_path / "shard")
    assert [(entry["start_frame"], entry["frames"]) for entry in entries] == [(0, 3), (3, 0), (3, 5)]
    assert features.shape == (8, 64)
    assert features[:, 0].tolist() == [0] * 3 + [2] * 5


def interrupted() -> Iterator[tuple[Entry, np.ndarray]]:
    yield from items((2,))
    raise KeyboardInterrupt


def refused() -> Iterator[tuple[Entry, np.ndarray]]:
    yield from items((2,))
    raise InputError("no more")


@pytest.mark.parametrize("broken", [interrupted, refused])
def test_what_breaks_off_leaves_nothing(tmp_path: Path, broken: Callable[[], Iterator]) -> None:
    with pytest.raises((KeyboardInterrupt, InputError)):
        write_shard(tmp_path, broken())
    assert not is_complete(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("broken", [interrupted, refused])
def test_a_finished_shard_outlives_a_rebuild_that_breaks_off(tmp_path: Path, broken: Callable[[], Iterator]) -> None:
    write_shard(tmp_path, items((4, 3)))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises((KeyboardInterrupt, InputError)):
        write_shard(tmp_path, broken())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert write_shard(tmp_path, items((5,))) == 1
    assert read_features(tmp_path).shape == (5, 64)


def test_wrong_shape_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"u0: features of shape \(2, 80\), expected \(frames, 64\)"):
        write_shard(tmp_path, [({"id": "u0"}, np.zeros((2, 80)))])
    assert not is_complete(tmp_path)
