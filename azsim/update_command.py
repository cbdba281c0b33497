"""``azsim update``: keys, images, updates, and a folder that stands for the device's flash."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec

from azsim.compress import compress
from azsim.compress.follow import follow
from azsim.compress.stored import load_network
from azsim.compress.update.image import load_image, open_image, pack_image, read_file
from azsim.compress.update.make import make_update, release_masks
from azsim.compress.update.manifest import (
    Manifest,
    load_private_key,
    load_public_key,
    open_update,
    write_keys,
)
from azsim.compress.update.store import ModelStore, write_file
from azsim.errors import InputError, located, readable


@dataclass(frozen=True)
class Answer:
    """What an action says: as JSON, and in words."""

    keys: dict[str, object]
    lines: list[str]


def perform(options: argparse.Namespace) -> dict[str, object]:
    """One of the actions; prints it in words unless JSON is asked for."""
    answer = ACTIONS[options.action](options)
    if not options.json:
        print("\n".join(map(readable, answer.lines)), file=sys.stdout)
    return answer.keys


def make_keys(options: argparse.Namespace) -> Answer:
    """``azsim update key``."""
    public = write_keys(options.file)
    lines = [f"{options.file}: private key; keep it where releases are made", f"{public}: public key, for devices"]
    return Answer({"private_key": str(options.file), "public_key": str(public)}, lines)


def make_image(options: argparse.Namespace) -> Answer:
    """``azsim update image``."""
    network = load_network(options.model)
    if options.after is not None:
        small = follow(load_image(options.after), network, tolerance=options.tolerance)
    else:
        small = compress(network, weight_bits=options.weight_bits, sparsity=options.sparsity, codec=options.codec)
    data = pack_image(small)
    write_file(options.out, [data])
    digest = open_image(data).digest
    keys = {"image": str(options.out), "bytes": len(data), "sha256": digest, "configuration": small.name}
    return Answer(keys, [f"{options.out}: {network.name}, {small.name}, {len(data):,} bytes, sha-256 {digest}"])


def make(options: argparse.Namespace) -> Answer:
    """``azsim update make``."""
    if (options.mask_seed is None) != (options.mask_share is None):
        raise InputError("--mask-seed and --mask-share: both or neither must be given")
    key, new = load_private_key(options.key), read_file(options.image)
    old = None if options.old is None else read_file(options.old)
    masks = None
    if options.mask_seed is not None:
        if old is None:
            raise InputError("--mask-seed: needs --old, the image that devices have")
        masks = release_masks(old, new, options.mask_seed, options.mask_share)
    with located(str(options.image)):
        update = make_update(new, version=options.release, key=key, old=old, masks=masks)
    write_file(options.out, [update])
    manifest, _ = open_update(update, key.public_key())
    share = 100 * len(update) / len(new)
    line = f"{options.out}: {described(manifest)}, {len(update):,} bytes, {share:.1f} % of the image"
    return Answer({"update": str(options.out), "bytes": len(update), **msgspec.to_builtins(manifest)}, [line])


def apply(options: argparse.Namespace) -> Answer:
    """``azsim update apply``."""
    store, update = ModelStore(options.store), read_file(options.update)
    with located(str(options.update)):
        if options.trust is not None:
            trusted = load_public_key(options.trust)
            open_update(update, trusted)
            store = ModelStore.create(options.store, trusted)
        found = store.install(update, allow_rollback=options.allow_rollback)
    keys = {"store": str(options.store), "slot": found.slot, **msgspec.to_builtins(found.manifest)}
    return Answer(keys, [f"{options.store}: slot {found.slot} runs {described(found.manifest)}"])


def inspect(options: argparse.Namespace) -> Answer:
    """``azsim update inspect``."""
    thing: Path = options.thing
    if thing.is_dir():
        found = ModelStore(thing).current()
        if found is None:
            raise InputError(f"{thing}: holds no whole model; install a full update")
        keys = {"store": str(thing), "slot": found.slot, **msgspec.to_builtins(found.manifest)}
        return Answer(keys, [f"{thing}: slot {found.slot} runs {described(found.manifest)}"])
    data = read_file(thing)
    with located(str(thing)):
        if options.trust is not None:
            manifest, _ = open_update(data, load_public_key(options.trust))
            keys = {"update": str(thing), "bytes": len(data), **msgspec.to_builtins(manifest)}
            return Answer(keys, [f"{thing}: signature and payload are right", described(manifest)])
        image = open_image(data)
    sections = [{"name": one.name, "bytes": one.bytes} for one in image.header.sections]
    keys = {"image": str(thing), "bytes": len(data), "sha256": image.digest, "sections": sections}
    lines = [f"{thing}: {image.header.model}, {image.header.name}, {len(data):,} bytes, sha-256 {image.digest}"]
    return Answer(keys, lines + [f"  {one.bytes:>12,}  {one.name}" for one in image.header.sections])


def described(manifest: Manifest) -> str:
    """A manifest in a few words."""
    return f"{manifest.model} version {manifest.version} ({manifest.kind}), image sha-256 {manifest.new_sha256[:12]}..."


ACTIONS = {"key": make_keys, "image": make_image, "make": make, "apply": apply, "inspect": inspect}
