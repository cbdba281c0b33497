"""The two slots: what is installed, what is refused, and what a power cut leaves."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from azsim.compress.update import store as module
from azsim.compress.update.make import make_update
from azsim.compress.update.store import ModelStore
from azsim.errors import CodecError, InputError, WorkError

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="the killed process is a fork")
KILLS = 50
"""``experiments/updates.py`` does it 200 times with a whole model."""


@pytest.fixture
def store(tmp_path: Path, images: tuple[bytes, bytes], key: Ed25519PrivateKey) -> ModelStore:
    """A store with version 1."""
    made = ModelStore.create(tmp_path / "store", key.public_key())
    made.install(make_update(images[0], version=1, key=key))
    return made


def version_and_image(store: ModelStore) -> tuple[int, bytes]:
    found = ModelStore(store.folder).current()
    return found.manifest.version, found.image


def test_full_and_delta_give_the_same_image(store: ModelStore, images: tuple[bytes, bytes], key) -> None:
    old, new = images
    assert version_and_image(store) == (1, old)
    assert store.install(make_update(new, version=2, key=key, old=old)).slot == "b"
    assert version_and_image(store) == (2, new)
    assert store.install(make_update(old, version=3, key=key)).slot == "a"
    assert version_and_image(store) == (3, old)
    assert store.load().network.name == "random-8"
    assert sorted(path.name for path in store.folder.iterdir()) == ["active", "key.pub.pem", "slot-a.azu", "slot-b.azu"]


def test_no_rollback_unless_told(store: ModelStore, images: tuple[bytes, bytes], key: Ed25519PrivateKey) -> None:
    store.install(make_update(images[1], version=5, key=key))
    for version in (1, 4, 5):
        with pytest.raises(InputError, match="must be higher"):
            store.install(make_update(images[0], version=version, key=key))
    assert version_and_image(store) == (5, images[1])
    store.install(make_update(images[0], version=4, key=key), allow_rollback=True)
    assert version_and_image(store) == (4, images[0])


def test_what_does_not_belong_is_refused_and_changes_nothing(
    store: ModelStore, images: tuple[bytes, bytes], key: Ed25519PrivateKey
) -> None:
    old, new = images
    delta = make_update(new, version=2, key=key, old=old)
    broken = bytearray(delta)
    broken[-1] ^= 1
    before = {path.name: path.read_bytes() for path in store.folder.iterdir()}
    for update, error, words in (
        (make_update(old, version=2, key=key, old=new), InputError, "a full update is needed"),
        (make_update(new, version=2, key=Ed25519PrivateKey.generate()), InputError, "signature"),
        (bytes(broken), CodecError, "not the one that was signed"),
        (new, CodecError, "not an update"),
    ):
        with pytest.raises(error, match=words):
            store.install(update)
        assert {path.name: path.read_bytes() for path in store.folder.iterdir()} == before


def test_a_damaged_slot_falls_back_to_the_other(store: ModelStore, images: tuple[bytes, bytes], key) -> None:
    store.install(make_update(images[1], version=2, key=key, old=images[0]))
    slot = store.folder / "slot-b.azu"
    data = bytearray(slot.read_bytes())
    data[len(data) // 2] ^= 4
    slot.write_bytes(data)
    assert version_and_image(store) == (1, images[0])
    store.install(make_update(images[1], version=2, key=key))
    assert version_and_image(store) == (2, images[1])
    (store.folder / "active").unlink()
    assert version_and_image(store)[0] in (1, 2)


def test_an_empty_or_foreign_folder_is_named(tmp_path: Path, images: tuple[bytes, bytes], key) -> None:
    with pytest.raises(InputError, match=r"key\.pub\.pem: no such file"):
        ModelStore(tmp_path).current()
    empty = ModelStore.create(tmp_path / "s", key.public_key())
    assert empty.current() is None
    with pytest.raises(InputError, match="holds no whole model"):
        empty.load()
    with pytest.raises(InputError, match="holds no whole model; a delta update needs one"):
        empty.install(make_update(images[1], version=2, key=key, old=images[0]))
    with pytest.raises(InputError, match="holds a model store already"):
        ModelStore.create(tmp_path / "s", key.public_key())


def test_files_are_synced_before_and_folders_after_every_rename(
    store: ModelStore, images: tuple[bytes, bytes], key, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[tuple[str, str]] = []
    fsync, replace = os.fsync, os.replace

    def logged_fsync(descriptor: int) -> None:
        events.append(("sync", Path(os.readlink(f"/proc/self/fd/{descriptor}")).name))
        fsync(descriptor)

    def logged_replace(source: Path, target: Path) -> None:
        events.append(("rename", Path(target).name))
        replace(source, target)

    monkeypatch.setattr(module.os, "fsync", logged_fsync)
    monkeypatch.setattr(module.os, "replace", logged_replace)
    store.install(make_update(images[1], version=2, key=key, old=images[0]))
    assert events == [
        ("sync", "slot-b.azu.partial"), ("rename", "slot-b.azu"), ("sync", "store"),
        ("sync", "active.partial"), ("rename", "active"), ("sync", "store"),
    ]  # fmt: skip


def in_child(work: Callable[[], object]) -> int:
    """Fork, do the work there, leave without any cleaning up; the child's process id."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            os._exit(1)
    return child


def restore(store: ModelStore, before: Path) -> None:
    shutil.rmtree(store.folder)
    shutil.copytree(before, store.folder)


@needs_fork
def test_a_kill_at_any_moment_leaves_the_old_or_the_new_model(
    store: ModelStore, images: tuple[bytes, bytes], key, tmp_path: Path
) -> None:
    old, new = images
    update = make_update(new, version=2, key=key, old=old)
    before = tmp_path / "before"
    shutil.copytree(store.folder, before)
    lengths = []
    for _ in range(3):
        restore(store, before)
        began = time.monotonic()
        os.waitpid(in_child(lambda: store.install(update)), 0)
        lengths.append(time.monotonic() - began)
    rng, outcomes, killed = random.Random(4), {1: 0, 2: 0}, 0
    for _ in range(KILLS):
        restore(store, before)
        child = in_child(lambda: store.install(update))
        time.sleep(rng.uniform(0, 1.2 * max(lengths)))
        os.kill(child, signal.SIGKILL)
        killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
        found = version_and_image(store)
        assert found in ((1, old), (2, new))
        outcomes[found[0]] += 1
    assert killed
    assert outcomes[1]
    assert sum(outcomes.values()) == KILLS
    restore(store, before)
    store.install(update)
    assert version_and_image(store) == (2, new)
    assert store.load().network.name == "random-8"


@needs_fork
def test_a_write_that_ends_at_any_byte_leaves_the_old_model(
    store: ModelStore, images: tuple[bytes, bytes], key, tmp_path: Path
) -> None:
    """The operating system kills the process at exactly that byte of the file."""
    update = make_update(images[1], version=2, key=key)
    size = len(update)

    def limited(limit: int) -> Callable[[], object]:
        def work() -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            store.install(update)

        return work

    for limit in [0, 1, *random.Random(5).sample(range(size), 60), size - 1]:
        status = os.waitpid(in_child(limited(limit)), 0)[1]
        assert os.WIFSIGNALED(status)
        assert os.WTERMSIG(status) == signal.SIGXFSZ
        assert version_and_image(store) == (1, images[0])
    os.waitpid(in_child(limited(size)), 0)
    assert version_and_image(store) == (2, images[1])


def test_a_full_disk_is_an_error_in_words_and_the_old_model_stays(
    store: ModelStore, images: tuple[bytes, bytes], key, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(WorkError, match=r"slot-b\.azu: cannot be written: No space left on device"):
        store.install(make_update(images[1], version=2, key=key))
    monkeypatch.undo()
    assert version_and_image(store) == (1, images[0])
    assert not list(store.folder.glob("*.partial"))
