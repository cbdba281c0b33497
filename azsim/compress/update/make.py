"""An update, made and signed where releases are made: two images in, one file out, and the proof that it works."""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from azsim.compress.update.image import open_image
from azsim.compress.update.manifest import Manifest, sha256, sign
from azsim.compress.update.mask import SeededMask, seeded_mask
from azsim.compress.update.payload import Kind, apply_delta, make_delta
from azsim.errors import InputError, WorkError


def make_update(
    new: bytes,
    *,
    version: int,
    key: Ed25519PrivateKey,
    old: bytes | None = None,
    masks: Mapping[str, SeededMask] | None = None,
) -> bytes:
    """The signed update to an image.

    Args:
        new: the image that is to come out.
        version: of the release, from 1 up.
        key: what it is signed with.
        old: the image that devices have, for a delta; None for a full update that any device takes.
        masks: matrix -> where it differs (see `release_masks`), for a masked delta.

    Raises:
        CodecError: an image is damaged.
        InputError: the version is not 1 to 2^63 - 1, there are masks but no old image, or a weight outside its mask
            differs.
        WorkError: applying the delta would not give the new image (a defect; nothing is handed out).
    """
    if isinstance(version, bool) or not isinstance(version, int) or not 1 <= version < 1 << 63:
        raise InputError(f"version = {version!r}: must be a whole number from 1 to 2^63 - 1")
    if masks and old is None:
        raise InputError("a masked update needs the old image: its mask says what of that one changes")
    kind: Kind = "full" if old is None else "masked" if masks else "delta"
    payload = new if old is None else make_delta(old, new, masks)
    if old is not None and b"".join(apply_delta(old, payload)) != new:
        raise WorkError("the delta does not give the new image; a defect in azsim")
    header = open_image(new).header
    manifest = Manifest(
        format=header.format,
        model=header.model,
        version=version,
        kind=kind,
        old_sha256=None if old is None else sha256(old),
        new_sha256=sha256(new),
        new_bytes=len(new),
        payload_sha256=sha256(payload),
        payload_bytes=len(payload),
    )
    return sign(manifest, key) + payload


def release_masks(old: bytes, new: bytes, seed: int, share: float) -> dict[str, SeededMask]:
    """The masks of every matrix that differs between two images, for a release that was trained with seed and share.

    Raises:
        CodecError: an image is damaged.
        InputError: the share is not between 0 and 1.
    """
    before, after = open_image(old), open_image(new)
    return {
        section.name: seeded_mask(seed, section.name, share)
        for section in after.header.sections
        if section.scale is not None and before.sections.get(section.name) != after.sections[section.name]
    }
