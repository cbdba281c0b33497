"""The two slots: what is installed, what is refused, and what a power cut leaves."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from azsim import output_file as module
from azsim.compress.update import store as store_module
from azsim.compress.update.lock import locked
from azsim.compress.update.make import make_update
from azsim.compress.update.manifest import Manifest, open_update, sha256, sign
from azsim.compress.update.store import ModelStore
from azsim.errors import CodecError, InputError, WorkError
from azsim.output_file import TEMPORARY

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="the killed process is a fork")
KILLS = 50
"""``experiments/updates`` does it 200 times with a whole model."""


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
        (new, CodecError, "not a model update"),
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


def test_a_store_is_founded_whole_or_not_at_all(tmp_path: Path, images: tuple[bytes, bytes], key) -> None:
    """Whatever fails, the same call can be made again."""
    old, new = images
    folder, public = tmp_path / "deep" / "store", key.public_key()
    full = make_update(old, version=1, key=key)
    with pytest.raises(InputError, match="holds no whole model; a delta update needs one"):
        ModelStore.found(folder, public, make_update(new, version=2, key=key, old=old))
    with pytest.raises(InputError, match="signature"):
        ModelStore.found(folder, Ed25519PrivateKey.generate().public_key(), full)
    assert not folder.exists()
    store, found = ModelStore.found(folder, public, full)
    assert (found.slot, version_and_image(store)) == ("a", (1, old))
    with pytest.raises(InputError, match="holds a model store already"):
        ModelStore.found(folder, public, full)
    assert store.install(make_update(new, version=2, key=key, old=old)).slot == "b"


@pytest.mark.parametrize("failing", ["slot-a.azu", "active", "key.pub.pem"])
@pytest.mark.parametrize("there", [False, True])
def test_a_store_whose_founding_failed_leaves_nothing(
    tmp_path: Path, images: tuple[bytes, bytes], key, monkeypatch: pytest.MonkeyPatch, failing: str, there: bool
) -> None:
    folder, write = tmp_path / "store", store_module.write_output_file
    if there:
        folder.mkdir()
        (folder / "notes.txt").write_text("the user's")

    def failed(path: Path, *arguments: object, **options: object) -> None:
        if path.name == failing:
            raise WorkError("the disk is full")
        write(path, *arguments, **options)

    monkeypatch.setattr(store_module, "write_output_file", failed)
    with pytest.raises(WorkError, match="full"):
        ModelStore.found(folder, key.public_key(), make_update(images[0], version=1, key=key))
    assert [path.name for path in folder.iterdir()] == ["notes.txt"] if there else not folder.exists()
    monkeypatch.undo()
    ModelStore.found(folder, key.public_key(), make_update(images[0], version=1, key=key))


def test_the_active_slot_is_one_letter_and_nothing_else(store: ModelStore, images: tuple[bytes, bytes], key) -> None:
    store.install(make_update(images[1], version=2, key=key))
    for wrong in (b"b\n", b"B", b"", b"ab", b"\xff", b"b" * 100):
        (store.folder / "active").write_bytes(wrong)
        with pytest.raises(InputError, match=r"active: holds b'.*': must be the letter a or b and nothing else"):
            store.current()
        with pytest.raises(InputError, match="must be the letter"):
            store.install(make_update(images[1], version=3, key=key))


@needs_fork
@pytest.mark.parametrize("name", ["active", "slot-b.azu", "slot-a.azu", "key.pub.pem"])
def test_pipes_and_endless_devices_in_a_store_are_refused(
    store: ModelStore, images: tuple[bytes, bytes], key, name: str
) -> None:
    update = make_update(images[1], version=2, key=key)
    for make in (os.mkfifo, lambda path: path.symlink_to("/dev/zero")):
        path = store.folder / name
        path.unlink(missing_ok=True)
        make(path)
        with pytest.raises(InputError, match=rf"{name}: is a (pipe or a device|symbolic link)"):
            store.install(update)


def signed(manifest: Manifest, key: Ed25519PrivateKey, payload: bytes) -> bytes:
    return sign(manifest, key) + payload


def test_a_signed_manifest_that_is_wrong_changes_nothing(store: ModelStore, images: tuple[bytes, bytes], key) -> None:
    """The signature is of the right key: what it vouches for is not."""
    old, new = images
    full, payload = open_update(make_update(new, version=2, key=key), key.public_key())
    delta, steps = open_update(make_update(new, version=2, key=key, old=old), key.public_key())
    payload, steps = bytes(payload), bytes(steps)
    junk = b"no image at all"
    sized = {"new_bytes": len(junk), "payload_bytes": len(junk), "new_sha256": sha256(junk)}
    before = {path.name: path.read_bytes() for path in store.folder.iterdir()}
    for manifest, change, body, words in (
        (full, {"new_bytes": 5}, payload, "the new image itself"),
        (full, {"new_bytes": -1}, payload, "manifest|header of the update is impossible"),
        (full, {"new_bytes": 1 << 80}, payload, "impossible"),
        (full, {"payload_bytes": 1 << 62}, payload, "the new image itself"),
        (full, {"new_sha256": "0" * 64}, payload, "the new image itself"),
        (full, {"new_sha256": "abc"}, payload, "impossible"),
        (full, {"version": 0}, payload, "impossible"),
        (full, {"model": "other"}, payload, "is for model 'other'"),
        (full, {**sized, "payload_sha256": sha256(junk)}, junk, "too short|not a model image"),
        (full, {"format": 4}, payload, "update of format 4: made by a newer azsim"),
        (full, {"kind": "delta"}, payload, "impossible"),
        (delta, {"new_bytes": delta.new_bytes - 1}, steps, "more than the"),
        (delta, {"new_bytes": 1 << 62}, steps, "another image than the one that was signed"),
        (delta, {"new_sha256": "0" * 64}, steps, "another image"),
    ):
        with pytest.raises(InputError, match=words):
            store.install(signed(msgspec.structs.replace(manifest, **change), key, body))
        kept = {path.name: path.read_bytes() for path in store.folder.iterdir() if path.name != "slot-b.azu"}
        assert kept == before
        assert version_and_image(store) == (1, old)


@needs_fork
def test_many_installers_at_once_take_turns(store: ModelStore, images: tuple[bytes, bytes], key) -> None:
    old, new = images
    updates = [make_update(new if k % 2 else old, version=k, key=key) for k in range(2, 10)]
    children = [in_child(lambda update=update: store.install(update)) for update in updates]
    ended = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    version, image = version_and_image(store)
    assert version == 9, ended
    assert image == new
    assert ended[-1] == 0
    assert len(list(store.folder.iterdir())) == 4


@needs_fork
def test_many_founders_at_once_make_one_store(tmp_path: Path, images: tuple[bytes, bytes], key) -> None:
    update = make_update(images[0], version=1, key=key)
    founded = [in_child(lambda: ModelStore.found(tmp_path / "s", key.public_key(), update)) for _ in range(8)]
    ended = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in founded]
    assert sorted(ended) == [0] + [1] * 7
    assert version_and_image(ModelStore(tmp_path / "s")) == (1, images[0])


@needs_fork
def test_a_folder_that_is_held_too_long_is_left_alone(store: ModelStore, images: tuple[bytes, bytes], key) -> None:
    with (
        locked(store.folder),
        pytest.raises(WorkError, match="store: another process works on it"),
        locked(store.folder, patience_s=0.05),
    ):
        pass


def test_a_disk_with_room_for_two_models_is_enough(
    store: ModelStore, images: tuple[bytes, bytes], key, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.install(make_update(images[1], version=2, key=key))
    fsync, tried = os.fsync, []

    def full(descriptor: int) -> None:
        if stat.S_ISREG(os.fstat(descriptor).st_mode) and (store.folder / "slot-a.azu").exists() and not tried:
            tried.append(1)
            raise OSError(28, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(module.os, "fsync", full)
    assert store.install(make_update(images[0], version=3, key=key)).slot == "a"
    assert tried
    assert version_and_image(store) == (3, images[0])


def test_a_disk_that_fails_otherwise_keeps_both_models(
    store: ModelStore, images: tuple[bytes, bytes], key, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.install(make_update(images[1], version=2, key=key))

    def broken(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(module.os, "fsync", broken)
    with pytest.raises(WorkError, match=r"slot-a\.azu: cannot be written: Input/output error"):
        store.install(make_update(images[0], version=3, key=key))
    monkeypatch.undo()
    assert version_and_image(store) == (2, images[1])
    (store.folder / "slot-b.azu").unlink()
    assert version_and_image(store) == (1, images[0])


def test_files_are_synced_before_and_folders_after_every_rename(
    store: ModelStore, images: tuple[bytes, bytes], key, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[tuple[str, str]] = []
    fsync, replace = os.fsync, os.replace

    def logged_fsync(descriptor: int) -> None:
        name = Path(os.readlink(f"/proc/self/fd/{descriptor}")).name
        events.append(("sync", "temporary" if TEMPORARY.fullmatch(name) else name))
        fsync(descriptor)

    def logged_replace(source: Path, target: Path) -> None:
        events.append(("rename", Path(target).name))
        replace(source, target)

    monkeypatch.setattr(module.os, "fsync", logged_fsync)
    monkeypatch.setattr(module.os, "replace", logged_replace)
    store.install(make_update(images[1], version=2, key=key, old=images[0]))
    assert events == [
        ("sync", "temporary"), ("rename", "slot-b.azu"), ("sync", "store"),
        ("sync", "temporary"), ("rename", "active"), ("sync", "store"),
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
    assert len(list(store.folder.iterdir())) == 3
