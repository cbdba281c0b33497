"""Two slots in a folder, one of them active: a new model is written beside the old one and then switched to.

::

    FOLDER/key.pub.pem    who may sign                            power cut while ...     the device loads
          /slot-a.azu     signed envelope | image                 writing slot b          a
          /slot-b.azu     signed envelope | image                 renaming slot b         a
          /active         "a"                                     renaming active         a or b, both whole

Each file is written under a temporary name, synced, renamed, and the folder synced, in this order. A new store gets its
key last, so that a folder without one is no store, whatever else was begun in it.

**Source:** A/B slots as in Android's seamless updates; the order of syncs is POSIX's.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from azsim.compress.network import CompressedNetwork
from azsim.compress.update.image import open_image, read_image
from azsim.compress.update.lock import locked
from azsim.compress.update.manifest import Manifest, load_public_key, open_update, sha256, verify
from azsim.compress.update.payload import apply_delta
from azsim.errors import CodecError, InputError, WorkError
from azsim.input_file import read_input_file
from azsim.output_file import write_output_file

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
    """The folder of a device's model; processes that install into it wait for each other."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)

    @staticmethod
    def create(folder: Path | str, key: Ed25519PublicKey) -> ModelStore:
        """A new, empty store that trusts updates signed by the owner of ``key``.

        Raises:
            InputError: the folder holds a store already, or cannot be written.
            WorkError: the disk is full, or another process works on the folder for too long.
        """
        store = ModelStore(folder)
        with locked(store.folder, make=True):
            store._refuse_present()
            store._write_key(key)
        return store

    @staticmethod
    def found(folder: Path | str, key: Ed25519PublicKey, update: bytes) -> tuple[ModelStore, Installed]:
        """A new store that trusts the owner of ``key``, with its first model; all of it, or nothing.

        Args:
            folder: where; it may be missing.
            key: of the maker of releases.
            update: a full one, signed with it.

        Raises:
            CodecError, InputError, WorkError: as `create` and `install`.
        """
        store = ModelStore(folder)
        manifest, payload = open_update(update, key)
        store._check(manifest, None, allow_rollback=False)
        with locked(store.folder, make=True):
            store._refuse_present()
            store._order()  # refuses a file of another's that has that name
            try:
                found = store._write("a", manifest, _envelope(update, payload), lambda: _chunks(payload), key)
                store._switch_to("a")
                store._write_key(key)
            except BaseException:
                for file in (store._slot_file("a"), store._active_file):
                    file.unlink(missing_ok=True)
                raise
        return store, found

    def current(self) -> Installed | None:
        """The model that the device runs: the active slot's, or if that is damaged the other's; None if none is whole.

        Raises:
            InputError: the folder is not a store, or a file in it cannot be read or is none.
        """
        return self._current(load_public_key(self._key_file))

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
            CodecError: the update is damaged, or does not give a whole image.
            InputError: wrong signature, wrong model, a delta against another image, or a version that is not higher.
            WorkError: the folder cannot be written, or another process works on it for too long; the old model stays.
        """
        key = load_public_key(self._key_file)
        manifest, payload = open_update(update, key)
        with locked(self.folder):
            found = self._current(key)
            self._check(manifest, found, allow_rollback)
            slot = "a" if found is None or found.slot == "b" else "b"
            old = b"" if found is None else found.image
            full = manifest.kind == "full"
            pieces = partial(_chunks, payload) if full else partial(apply_delta, old, bytes(payload))
            installed = self._write(slot, manifest, _envelope(update, payload), pieces, key)
            self._switch_to(slot)
        return installed

    def _write(
        self,
        slot: str,
        manifest: Manifest,
        envelope: memoryview,
        pieces: Callable[[], Iterable[bytes | memoryview]],
        key: Ed25519PublicKey,
    ) -> Installed:
        """Write a slot and read it back; it must be a whole image of the model that the manifest names.

        What the slot held stays until then, unless there is no room for both: that of two models is enough.
        """
        target = self._slot_file(slot)
        try:
            write_output_file(target, chain([envelope], _expected(pieces(), manifest)))
        except WorkError as error:
            if not (_is_full(error) and target.exists()):
                raise
            target.unlink()
            write_output_file(target, chain([envelope], _expected(pieces(), manifest)))
        installed = self._read(slot, key)
        if installed is None:
            raise WorkError(f"{target}: was written, but does not read back as it was")
        try:
            model = open_image(installed.image).header.model
            if model != manifest.model:
                raise CodecError(f"the update is for model {manifest.model!r}, but its image is of {model!r}")
        except CodecError:
            target.unlink()  # signed, but no model: nothing to fall back on
            raise
        return installed

    def _switch_to(self, slot: str) -> None:
        write_output_file(self._active_file, [slot.encode()])

    def _write_key(self, key: Ed25519PublicKey) -> None:
        text = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        write_output_file(self._key_file, [text], overwrite=False)

    def _refuse_present(self) -> None:
        if self._key_file.exists():
            raise InputError(f"{self.folder}: holds a model store already, and the key that it trusts")

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

    def _current(self, key: Ed25519PublicKey) -> Installed | None:
        return next((found for slot in self._order() if (found := self._read(slot, key))), None)

    def _read(self, slot: str, key: Ed25519PublicKey) -> Installed | None:
        """The model in a slot; None if there is none, or it is damaged."""
        file = self._slot_file(slot)
        if not file.exists():
            return None
        data = read_input_file(file, "a model's slot")
        try:
            manifest, start = verify(data, key)
        except InputError:
            return None
        image = data[start:]
        if len(image) != manifest.new_bytes or sha256(image) != manifest.new_sha256:
            return None
        return Installed(slot, manifest, image)

    def _order(self) -> tuple[str, ...]:
        """The slots, the active one first."""
        if not self._active_file.exists():
            return SLOTS
        active = read_input_file(self._active_file, "the letter of a slot")
        if active not in (b"a", b"b"):
            raise InputError(f"{self._active_file}: holds {active[:20]!r}: must be the letter a or b and nothing else")
        return SLOTS if active == b"a" else SLOTS[::-1]

    @property
    def _key_file(self) -> Path:
        return self.folder / "key.pub.pem"

    @property
    def _active_file(self) -> Path:
        return self.folder / "active"

    def _slot_file(self, slot: str) -> Path:
        return self.folder / f"slot-{slot}.azu"


def _is_full(error: WorkError) -> bool:
    return isinstance(error.__cause__, OSError) and error.__cause__.errno in (errno.ENOSPC, errno.EDQUOT)


def _envelope(update: bytes, payload: memoryview) -> memoryview:
    return memoryview(update)[: len(update) - len(payload)]


def _chunks(data: memoryview) -> Iterator[memoryview]:
    for start in range(0, len(data), CHUNK_BYTES):
        yield data[start : start + CHUNK_BYTES]


def _expected(pieces: Iterable[bytes | memoryview], manifest: Manifest) -> Iterator[bytes | memoryview]:
    """The pieces as they come; raises `CodecError` if they are more, or at the end not the image that was signed."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
        if size > manifest.new_bytes:
            raise CodecError(f"the update gives more than the {manifest.new_bytes} bytes that were signed")
        yield piece
    if (size, digest.hexdigest()) != (manifest.new_bytes, manifest.new_sha256):
        raise CodecError(f"the update gives another image than the one that was signed, {manifest.new_sha256[:12]}...")
