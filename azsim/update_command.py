"""``azsim update``: keys, images, updates, and a folder that stands for the device's flash."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec

from azsim.compress import compress
from azsim.compress.follow import follow
from azsim.compress.stored import load_network
from azsim.compress.update.image import load_image, open_image, pack_image
from azsim.compress.update.make import make_update, release_masks
from azsim.compress.update.manifest import (
    Manifest,
    load_private_key,
    load_public_key,
    open_update,
    write_keys,
)
from azsim.compress.update.store import ModelStore
from azsim.errors import InputError, located, readable
from azsim.input_file import read_input_file
from azsim.interrupts import ignore_interrupts
from azsim.output_file import check_output_file, write_output_file

IMAGE = "a model image"


@dataclass(frozen=True)
class Answer:
    """What an action says: as JSON, and in words."""

    keys: dict[str, object]
    lines: list[str]


def perform(options: argparse.Namespace) -> dict[str, object]:
    """One of the actions; prints it in words unless JSON is asked for.

    Raises:
        KeyboardInterrupt: with words that say whether the action was over when it came.
    """
    result = _result_file(options)
    before = _stamp(result)
    try:
        answer = ACTIONS[options.action](options)
        ignore_interrupts()
    except KeyboardInterrupt:
        changed = result is not None and _stamp(result) != before
        raise KeyboardInterrupt(_last_words(options, changed)) from None
    if not options.json:
        print("\n".join(map(readable, answer.lines)), file=sys.stdout)
    return answer.keys


def _result_file(options: argparse.Namespace) -> Path | None:
    """The file with whose replacement an action is over; None for one that writes nothing."""
    files = {"key": "file", "image": "out", "make": "out", "apply": "store"}
    if options.action not in files:
        return None
    path = getattr(options, files[options.action])
    return path / "active" if options.action == "apply" else path


def _stamp(file: Path | None) -> tuple[int, int] | None:
    """What another file in its place would have otherwise."""
    try:
        found = os.lstat(file) if file else None
    except (OSError, ValueError):
        return None
    return (found.st_ino, found.st_mtime_ns) if found else None


def _last_words(options: argparse.Namespace, changed: bool) -> str:
    if not changed:
        return "interrupted; nothing was changed"
    if options.action == "apply":
        return f"interrupted, but too late: {options.store} runs the new model"
    return f"interrupted, but too late: {_result_file(options)} is written"


def make_keys(options: argparse.Namespace) -> Answer:
    """``azsim update key``."""
    public = write_keys(options.file)
    lines = [f"{options.file}: private key; keep it where releases are made", f"{public}: public key, for devices"]
    return Answer({"private_key": str(options.file), "public_key": str(public)}, lines)


def make_image(options: argparse.Namespace) -> Answer:
    """``azsim update image``."""
    check_output_file(options.out)
    network = load_network(options.model)
    if options.after is not None:
        small = follow(load_image(options.after), network, tolerance=options.tolerance)
    else:
        small = compress(network, weight_bits=options.weight_bits, sparsity=options.sparsity, codec=options.codec)
    data = pack_image(small, options.format)
    write_output_file(options.out, [data])
    digest = open_image(data).digest
    keys = {"image": str(options.out), "bytes": len(data), "sha256": digest, "configuration": small.name}
    return Answer(keys, [f"{options.out}: {network.name}, {small.name}, {len(data):,} bytes, sha-256 {digest}"])


def make(options: argparse.Namespace) -> Answer:
    """``azsim update make``."""
    if (options.mask_seed is None) != (options.mask_share is None):
        raise InputError("--mask-seed and --mask-share: both or neither must be given")
    check_output_file(options.out)
    key, new = load_private_key(options.key), read_input_file(options.image, IMAGE)
    old = None if options.old is None else read_input_file(options.old, IMAGE)
    masks = None
    if options.mask_seed is not None:
        if old is None:
            raise InputError("--mask-seed: needs --old, the image that devices have")
        masks = release_masks(old, new, options.mask_seed, options.mask_share)
    with located(str(options.image)):
        update = make_update(new, version=options.release, key=key, old=old, masks=masks)
    write_output_file(options.out, [update])
    manifest, _ = open_update(update, key.public_key())
    share = 100 * len(update) / len(new)
    line = f"{options.out}: {described(manifest)}, {len(update):,} bytes, {share:.1f} % of the image"
    return Answer({"update": str(options.out), "bytes": len(update), **msgspec.to_builtins(manifest)}, [line])


def apply(options: argparse.Namespace) -> Answer:
    """``azsim update apply``."""
    update = read_input_file(options.update, "an update", copies=6)
    with located(str(options.update)):
        if options.trust is None:
            found = ModelStore(options.store).install(update, allow_rollback=options.allow_rollback)
        else:
            _, found = ModelStore.found(options.store, load_public_key(options.trust), update)
    keys = {"store": str(options.store), "slot": found.slot, **msgspec.to_builtins(found.manifest)}
    return Answer(keys, [f"{options.store}: slot {found.slot} runs {described(found.manifest)}"])


def inspect(options: argparse.Namespace) -> Answer:
    """``azsim update inspect``."""
    thing: Path = options.thing
    if os.path.isdir(thing):
        found = ModelStore(thing).current()
        if found is None:
            raise InputError(f"{thing}: holds no whole model; install a full update")
        keys = {"store": str(thing), "slot": found.slot, **msgspec.to_builtins(found.manifest)}
        return Answer(keys, [f"{thing}: slot {found.slot} runs {described(found.manifest)}"])
    data = read_input_file(thing, "an image, an update or a store")
    with located(str(thing)):
        if options.trust is not None:
            manifest, _ = open_update(data, load_public_key(options.trust))
            keys = {"update": str(thing), "bytes": len(data), **msgspec.to_builtins(manifest)}
            return Answer(keys, [f"{thing}: signature and payload are right", described(manifest)])
        image = open_image(data)
    sections = [{"name": one.name, "bytes": one.bytes} for one in image.header.sections]
    keys = {"image": str(thing), "bytes": len(data), "sha256": image.digest, "sections": sections}
    header = image.header
    lines = [f"{thing}: {header.model}, {header.name}, {len(data):,} bytes, sha-256 {image.digest}"]
    return Answer(keys, lines + [f"  {one.bytes:>12,}  {one.name}" for one in header.sections])


def described(manifest: Manifest) -> str:
    """A manifest in a few words."""
    return f"{manifest.model} version {manifest.version} ({manifest.kind}), image sha-256 {manifest.new_sha256[:12]}..."


ACTIONS = {"key": make_keys, "image": make_image, "make": make, "apply": apply, "inspect": inspect}
