"""The signed envelope of an update: what it is, for which image, what comes out; nothing in it is read unverified.

::

    "AZU1" | length | manifest (JSON) | Ed25519 signature of all before | payload

The signature covers the manifest, and the manifest the payload by its SHA-256.

**Source:** Ed25519 is RFC 8032, through the library ``cryptography``; the frame is this project's own.
"""

from __future__ import annotations

import hashlib
import struct
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from azsim.compress.update.image import FORMATS, decode_header
from azsim.compress.update.payload import Kind
from azsim.errors import CodecError, InputError
from azsim.file_version import check_magic
from azsim.input_file import read_input_file
from azsim.output_file import check_output_file, replacing

MAGIC = b"AZU1"
HEAD = struct.Struct("<4sI")
SIGNATURE_BYTES = 64
MAX_MANIFEST_BYTES = 1 << 16
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
Size = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an update says of itself.

    Attributes:
        format: that of the image that comes out, see `azsim.compress.update.image.FORMATS`.
        model: name of the network.
        version: of the release, from 1 up.
        kind: what the payload is.
        old_sha256: of the image that a delta needs; None for a full one.
        new_sha256, new_bytes: of the image that comes out.
        payload_sha256, payload_bytes: of what travels.
    """

    format: int
    model: str
    version: Annotated[int, msgspec.Meta(ge=1, le=(1 << 63) - 1)]
    kind: Kind
    old_sha256: Sha256 | None
    new_sha256: Sha256
    new_bytes: Size
    payload_sha256: Sha256
    payload_bytes: Size


def sha256(data: bytes | memoryview) -> str:
    """Hex digest."""
    return hashlib.sha256(data).hexdigest()


def sign(manifest: Manifest, key: Ed25519PrivateKey) -> bytes:
    """The envelope without its payload."""
    text = msgspec.json.encode(manifest)
    head = HEAD.pack(MAGIC, len(text)) + text
    return head + key.sign(head)


def verify(data: bytes | memoryview, key: Ed25519PublicKey) -> tuple[Manifest, int]:
    """The manifest at the start of ``data`` and where the payload begins, once the signature is found right.

    Raises:
        CodecError: the envelope is cut short or not one.
        InputError: the signature is not that of this key over this manifest.
    """
    view = memoryview(data).toreadonly()
    check_magic("model update", bytes(view[: len(MAGIC)]), MAGIC)
    if len(view) < HEAD.size:
        raise CodecError(f"an update of {len(view)} bytes is too short for its manifest")
    _, length = HEAD.unpack_from(view)
    end = HEAD.size + length
    if length > MAX_MANIFEST_BYTES or end + SIGNATURE_BYTES > len(view):
        raise CodecError(f"an update of {len(view)} bytes ends inside its manifest of {length}")
    try:
        key.verify(bytes(view[end : end + SIGNATURE_BYTES]), bytes(view[:end]))
    except InvalidSignature:
        raise InputError(
            "the signature does not match: the manifest was changed, or it was signed with another key than this one"
        ) from None
    manifest = decode_header(bytes(view[HEAD.size : end]), Manifest, FORMATS, "update")
    full = manifest.kind == "full"
    if (manifest.old_sha256 is None) != full:
        raise CodecError(f"the manifest is impossible: kind {manifest.kind}, old_sha256 {manifest.old_sha256}")
    payload = manifest.payload_bytes, manifest.payload_sha256
    if full and payload != (manifest.new_bytes, manifest.new_sha256):
        raise CodecError("the manifest is impossible: the payload of a full update is the new image itself")
    return manifest, end + SIGNATURE_BYTES


def open_update(data: bytes, key: Ed25519PublicKey) -> tuple[Manifest, memoryview]:
    """Manifest and payload of an update, both verified.

    Raises:
        CodecError: it was damaged, cut short or lengthened.
        InputError: the signature does not match.
    """
    manifest, start = verify(data, key)
    payload = memoryview(data).toreadonly()[start:]
    if len(payload) != manifest.payload_bytes or sha256(payload) != manifest.payload_sha256:
        raise CodecError(
            f"the payload of {len(payload)} bytes is not the one that was signed, of {manifest.payload_bytes}: "
            "it was changed, cut short or lengthened"
        )
    return manifest, payload


def write_keys(path: Path) -> Path:
    """Make a key pair: the private one to ``path`` (for its owner alone), the public one beside it; returns the latter.

    Both are there at the end, or neither.

    Raises:
        InputError: a file is in the way, or nothing can be written there.
        WorkError: the disk is full.
    """
    check_output_file(path)
    public = path.with_name(path.name.removesuffix(".pem") + ".pub.pem")
    key = Ed25519PrivateKey.generate()
    texts = {
        path: key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        public: key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    }
    try:
        with replacing(public, mode=0o644, overwrite=False) as file:
            file.write(texts[public])
            with replacing(path, mode=0o600, overwrite=False) as secret:
                secret.write(texts[path])
    except BaseException:
        for file, text in texts.items():
            with suppress(OSError):
                if file.read_bytes() == text:  # ours, and not another's that was in the way
                    file.unlink()
        raise
    return public


def load_private_key(path: Path | str) -> Ed25519PrivateKey:
    """A private key in PEM, as ``azsim update key`` or ``openssl genpkey -algorithm ed25519`` write it.

    Raises:
        InputError: there is none in this file.
    """
    try:
        key = load_pem_private_key(read_input_file(Path(path), "a private key"), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(f"{path}: must hold an Ed25519 private key in PEM, without a password")
    return key


def load_public_key(path: Path | str) -> Ed25519PublicKey:
    """A public key in PEM.

    Raises:
        InputError: there is none in this file.
    """
    try:
        key = load_pem_public_key(read_input_file(Path(path), "a public key"))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise InputError(f"{path}: must hold an Ed25519 public key in PEM")
    return key
