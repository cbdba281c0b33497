"""Releases made: of which kind, with what inside, and proven before they leave."""

from __future__ import annotations

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from azsim.compress.update import make
from azsim.compress.update.image import open_image
from azsim.compress.update.make import make_update, release_masks
from azsim.compress.update.manifest import open_update, sha256
from azsim.compress.update.mask import seeded_mask
from azsim.compress.update.payload import apply_delta
from azsim.errors import AzsimError, InputError, WorkError


def test_a_full_update_holds_the_image_and_a_delta_leads_to_it(
    images: tuple[bytes, bytes], key: Ed25519PrivateKey
) -> None:
    old, new = images
    full, payload = open_update(make_update(new, version=2, key=key), key.public_key())
    assert (full.kind, full.old_sha256, bytes(payload)) == ("full", None, new)
    delta, payload = open_update(make_update(new, version=2, key=key, old=old), key.public_key())
    assert (delta.kind, delta.old_sha256) == ("delta", sha256(old))
    assert b"".join(apply_delta(old, bytes(payload))) == new
    for manifest in (full, delta):
        assert (manifest.version, manifest.new_bytes, manifest.new_sha256) == (2, len(new), sha256(new))


def test_no_masks_is_a_plain_delta(images: tuple[bytes, bytes], key: Ed25519PrivateKey) -> None:
    old, new = images
    plain = make_update(new, version=2, key=key, old=old)
    assert make_update(new, version=2, key=key, old=old, masks={}) == plain
    masked = make_update(old, version=2, key=key, old=old, masks=release_masks(old, new, 3, 0.5))
    assert open_update(masked, key.public_key())[0].kind == "masked"


def test_what_cannot_be_made_is_refused(images: tuple[bytes, bytes], key: Ed25519PrivateKey) -> None:
    old, new = images
    for version in (0, -1, True, 1.0, "2"):
        with pytest.raises(InputError, match=f"version = {version!r}: must be a whole number from 1 to"):
            make_update(new, version=version, key=key)
    with pytest.raises(InputError, match="needs the old image"):
        make_update(new, version=1, key=key, masks=release_masks(old, new, 1, 0.5))
    with pytest.raises(AzsimError):
        make_update(new[:-1], version=1, key=key)


def test_a_delta_that_does_not_lead_to_the_image_is_not_handed_out(
    images: tuple[bytes, bytes], key: Ed25519PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = images
    monkeypatch.setattr(make, "apply_delta", lambda old, payload: [new[:-1], b"?"])
    with pytest.raises(WorkError, match="a defect in azsim"):
        make_update(new, version=2, key=key, old=old)


def test_masks_are_those_of_the_matrices_that_differ(images: tuple[bytes, bytes]) -> None:
    old, new = images
    before, after = open_image(old).sections, open_image(new).sections
    masks = release_masks(old, new, 7, 0.25)
    matrices = [section.name for section in open_image(new).header.sections if section.scale is not None]
    assert list(masks) == [name for name in matrices if before[name] != after[name]]
    assert masks
    for name, mask in masks.items():
        np.testing.assert_array_equal(mask.of((9, 7)), seeded_mask(7, name, 0.25).of((9, 7)))
    assert not release_masks(old, old, 7, 0.25)
    with pytest.raises(InputError, match="share"):
        release_masks(old, new, 7, 1.5)
