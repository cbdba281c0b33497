"""Two slots in a folder, one of them active: a new model is written beside the old one and then switched to.

::

    FOLDER/key.pub.pem    who may sign                            power cut while ...     the device loads
          /slot-a.azu     signed envelope | image                 writing slot b          a
          /slot-b.azu     signed envelope | image                 renaming slot b         a
          /active         "a"                                     renaming active         a or b, both whole

Each file is written under a temporary name, synced, renamed, and the folder synced, in this order.

**Source:** A/B slots as in Android's seamless updates; the order of syncs is POSIX's.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from azsim.compress.network import CompressedNetwork
from azsim.compress.update.image import read_image
from azsim.compress.update.manifest import Manifest, load_public_key, open_update, sha256, verify
from azsim.compress.update.payload import apply_delta
from azsim.errors import CodecError, InputError, WorkError

SLOTS = ("a", "b")
CHUNK_BYTES = 1 << 16


@dataclass(frozen=True)
class Installed:
    """A model in a slot, verified.

    Attributes:
        slot: ``a`` or ``b``.
        manifest: of the update that brought it.
        image: its bytes.
    """

    slot: str
    manifest: Manifest
    image: bytes


class ModelStore:
    """The folder of a device's model; one process installs at a time."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)

    @staticmethod
    def create(folder: Path | str, key: Ed25519PublicKey) -> ModelStore:
        """A new, empty store that trusts updates signed by the owner of ``key``.

        Raises:
            InputError: the folder holds a store already.
            WorkError: it cannot be written.
        """
        store = ModelStore(folder)
        if store._key_file.exists():
            raise InputError(f"{store.folder}: holds a model store already")
        try:
            store.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WorkError(f"{store.folder}: cannot be made: {error.strerror}") from None
        write_file(store._key_file, [key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)])
        return store

    def current(self) -> Installed | None:
        """The model that the device runs: the active slot's, or if that is damaged the other's; None if none is whole.

        Raises:
            InputError: the folder is not a store.
        """
        key = load_public_key(self._key_file)
        return next((found for slot in self._order() if (found := self._read(slot, key))), None)

    def load(self) -> CompressedNetwork:
        """The network that the device runs.

        Raises:
            InputError: the folder is not a store, or holds no whole model.
        """
        found = self.current()
        if found is None:
            raise InputError(f"{self.folder}: holds no whole model; install a full update")
        return read_image(found.image, str(self._slot_file(found.slot)))

    def install(self, update: bytes, *, allow_rollback: bool = False) -> Installed:
        """Verify an update, write the new model into the other slot and switch to it.

        Args:
            update: the file's bytes.
            allow_rollback: take a version that is not higher than the one installed.

        Returns:
            What the device runs from now on.

        Raises:
            CodecError: the update is damaged.
            InputError: wrong signature, wrong model, a delta against another image, or a version that is not higher.
            WorkError: the folder cannot be written; the old model stays.
        """
        manifest, payload = open_update(update, load_public_key(self._key_file))
        found = self.current()
        self._check(manifest, found, allow_rollback)
        slot = "a" if found is None or found.slot == "b" else "b"
        envelope = memoryview(update)[: len(update) - len(payload)]
        pieces = _chunks(payload) if manifest.kind == "full" else apply_delta(found.image, bytes(payload))
        target = self._slot_file(slot)
        try:
            target.unlink(missing_ok=True)
        except OSError as error:
            raise WorkError(f"{target}: cannot be replaced: {error.strerror}") from None
        write_file(target, chain([envelope], _expected(pieces, manifest)))
        write_file(self._active_file, [slot.encode()])
        return self._read(slot, load_public_key(self._key_file))

    def _check(self, manifest: Manifest, found: Installed | None, allow_rollback: bool) -> None:
        if found is None:
            if manifest.kind != "full":
                raise InputError(f"{self.folder}: holds no whole model; a {manifest.kind} update needs one")
            return
        has = found.manifest
        if manifest.model != has.model:
            raise InputError(f"the update is for model {manifest.model!r}; {self.folder} holds {has.model!r}")
        if manifest.old_sha256 not in (None, has.new_sha256):
            raise InputError(
                f"the update changes the image {manifest.old_sha256[:12]}...; {self.folder} holds version "
                f"{has.version}, {has.new_sha256[:12]}...: a full update is needed, or the one for this image"
            )
        if manifest.version <= has.version and not allow_rollback:
            raise InputError(
                f"the update has version {manifest.version}; {self.folder} holds {has.version}: it must be higher, "
                "unless a rollback is allowed"
            )

    def _read(self, slot: str, key: Ed25519PublicKey) -> Installed | None:
        try:
            data = self._slot_file(slot).read_bytes()
            manifest, start = verify(data, key)
        except (OSError, InputError):
            return None
        image = data[start:]
        if len(image) != manifest.new_bytes or sha256(image) != manifest.new_sha256:
            return None
        return Installed(slot, manifest, image)

    def _order(self) -> tuple[str, ...]:
        """The slots, the active one first."""
        try:
            active = self._active_file.read_text()
        except (OSError, UnicodeDecodeError):
            return SLOTS
        return SLOTS if active != "b" else SLOTS[::-1]

    @property
    def _key_file(self) -> Path:
        return self.folder / "key.pub.pem"

    @property
    def _active_file(self) -> Path:
        return self.folder / "active"

    def _slot_file(self, slot: str) -> Path:
        return self.folder / f"slot-{slot}.azu"


def _chunks(data: memoryview) -> Iterator[memoryview]:
    for start in range(0, len(data), CHUNK_BYTES):
        yield data[start : start + CHUNK_BYTES]


def _expected(pieces: Iterable[bytes | memoryview], manifest: Manifest) -> Iterator[bytes | memoryview]:
    """The pieces as they come; raises `CodecError` at the end if they were not the image that was signed."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
        yield piece
    if digest.hexdigest() != manifest.new_sha256:
        raise CodecError(f"the update gives another image than the one that was signed, {manifest.new_sha256[:12]}...")


def write_file(path: Path, pieces: Iterable[bytes | memoryview]) -> None:
    """Write a file whole or not at all: temporary name, sync, rename, sync of the folder; raises `WorkError`."""
    partial = path.with_name(path.name + ".partial")
    try:
        try:
            with open(partial, "wb", buffering=0) as stream:
                for piece in pieces:
                    _write_all(stream, piece)
                os.fsync(stream.fileno())
            os.replace(partial, path)
            _sync_folder(path.parent)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise WorkError(f"{path}: cannot be written: {error.strerror}") from error


def _write_all(stream: BinaryIO, data: bytes | memoryview) -> None:
    view = memoryview(data)
    while view:
        view = view[stream.write(view) :]


def _sync_folder(folder: Path) -> None:
    """Make a rename last; where a folder cannot be opened (Windows) the rename itself has to do."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
