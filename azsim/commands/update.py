"""``azsim update``: keys, images, updates, and a folder that stands for the device's flash."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from azsim.commands.shared.options import count, granularity_option, path
from azsim.errors import InputError, located, readable
from azsim.interrupts import ignore_interrupts, interrupts_end_all

if TYPE_CHECKING:
    from azsim.compress.update.manifest import Manifest

HELP = "model updates: keys, images, signed deltas, a store with two slots"
IMAGE = "a model image"


@dataclass(frozen=True)
class UpdateAnswer:
    """What an action says: as JSON, and in words."""

    keys: dict[str, object]
    lines: list[str]


def declare(command: argparse.ArgumentParser) -> None:
    """An action, and what it takes."""
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    key = actions.add_parser("key", help="make a key pair: FILE.pem for the maker, FILE.pub.pem for devices")
    key.add_argument("file", type=path, metavar="FILE.pem")
    image = actions.add_parser("image", help="compress a network to the file that lies in the device's flash")
    image.add_argument("model", metavar="MODEL", help="a name under models/, or a .safetensors or its folder")
    image.add_argument("--codec", default="zvsv", help="weight codec (default: zvsv)")
    image.add_argument("--weight-bits", type=int, default=5, help="bits per weight, 1 to 8 (default: 5)")
    image.add_argument("--sparsity", type=float, default=0.0, help="share of zeros (default: 0)")
    granularity_option(image)
    image.add_argument("--after", type=path, metavar="OLD.azm", help="keep codec, scales and palettes of this image")
    image.add_argument(
        "--tolerance", type=float, default=0.0, help="with --after: dead zone around old values, 0 to 1 (default: 0)"
    )
    image.add_argument(
        "--format",
        type=int,
        choices=(1, 2, 3),
        help="1 for devices with azsim 0.1.0; 2 stores biases on the processor's grid; 3 holds several scales a matrix "
        "(default: 2, or 3 where there are several)",
    )
    image.add_argument("--out", type=path, required=True, metavar="NEW.azm")
    make = actions.add_parser("make", help="a signed update to an image")
    make.add_argument("image", type=path, metavar="NEW.azm")
    make.add_argument("--old", type=path, metavar="OLD.azm", help="what devices have: a delta; else a full update")
    make.add_argument(
        "--mask-seed", type=int, metavar="N", help="a masked delta: seed that the release was trained with"
    )
    make.add_argument("--mask-share", type=float, metavar="SHARE", help="and the share of its weights")
    make.add_argument("--release", type=count, required=True, metavar="N", help="version, from 1 up")
    make.add_argument("--key", type=path, required=True, metavar="KEY.pem")
    make.add_argument("--out", type=path, required=True, metavar="UPDATE.azu")
    apply = actions.add_parser("apply", help="install an update into a store, as a device does")
    apply.add_argument("update", type=path, metavar="UPDATE.azu")
    apply.add_argument("--store", type=path, required=True, metavar="FOLDER")
    apply.add_argument(
        "--trust", type=path, metavar="KEY.pub.pem", help="make the store first, for updates of this key"
    )
    apply.add_argument("--allow-rollback", action="store_true", help="take a version that is not higher")
    inspect = actions.add_parser("inspect", help="what an image, an update or a store is")
    inspect.add_argument("thing", type=path, metavar="THING", help="an image, a store, or with --trust an update")
    inspect.add_argument("--trust", type=path, metavar="KEY.pub.pem", help="who must have signed the update")


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


def make_keys(options: argparse.Namespace) -> UpdateAnswer:
    """``azsim update key``."""
    with interrupts_end_all():
        from azsim.compress.update.manifest import write_keys
    public = write_keys(options.file)
    lines = [f"{options.file}: private key; keep it where releases are made", f"{public}: public key, for devices"]
    return UpdateAnswer({"private_key": str(options.file), "public_key": str(public)}, lines)


def make_image(options: argparse.Namespace) -> UpdateAnswer:
    """``azsim update image``."""
    with interrupts_end_all():
        from azsim.compress import compress
        from azsim.compress.requantise import requantise_to
        from azsim.compress.stored import load_recogniser
        from azsim.compress.update.image import load_image, open_image, pack_image
        from azsim.output_file import check_output_file, write_output_file
    check_output_file(options.out)
    network = load_recogniser(options.model)
    if options.after is not None:
        small = requantise_to(load_image(options.after), network, tolerance=options.tolerance)
    else:
        small = compress(
            network,
            weight_bits=options.weight_bits,
            sparsity=options.sparsity,
            codec=options.codec,
            granularity=options.granularity,
        )
    data = pack_image(small, options.format)
    write_output_file(options.out, [data])
    digest = open_image(data).digest
    keys = {"image": str(options.out), "bytes": len(data), "sha256": digest, "configuration": small.name}
    return UpdateAnswer(keys, [f"{options.out}: {network.name}, {small.name}, {len(data):,} bytes, sha-256 {digest}"])


def make(options: argparse.Namespace) -> UpdateAnswer:
    """``azsim update make``."""
    with interrupts_end_all():
        import msgspec

        from azsim.compress.update.make import make_update, release_masks
        from azsim.compress.update.manifest import load_private_key, open_update
        from azsim.input_file import read_input_file
        from azsim.output_file import check_output_file, write_output_file
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
    return UpdateAnswer({"update": str(options.out), "bytes": len(update), **msgspec.to_builtins(manifest)}, [line])


def apply(options: argparse.Namespace) -> UpdateAnswer:
    """``azsim update apply``."""
    with interrupts_end_all():
        import msgspec

        from azsim.compress.update.manifest import load_public_key
        from azsim.compress.update.store import ModelStore
        from azsim.input_file import read_input_file
    update = read_input_file(options.update, "an update", copies=6)
    with located(str(options.update)):
        if options.trust is None:
            found = ModelStore(options.store).install(update, allow_rollback=options.allow_rollback)
        else:
            _, found = ModelStore.found(options.store, load_public_key(options.trust), update)
    keys = {"store": str(options.store), "slot": found.slot, **msgspec.to_builtins(found.manifest)}
    return UpdateAnswer(keys, [f"{options.store}: slot {found.slot} runs {described(found.manifest)}"])


def inspect(options: argparse.Namespace) -> UpdateAnswer:
    """``azsim update inspect``."""
    with interrupts_end_all():
        import msgspec

        from azsim.compress.update.image import open_image
        from azsim.compress.update.manifest import load_public_key, open_update
        from azsim.compress.update.store import ModelStore
        from azsim.input_file import read_input_file
    thing: Path = options.thing
    if os.path.isdir(thing):
        found = ModelStore(thing).current()
        if found is None:
            raise InputError(f"{thing}: holds no whole model; install a full update")
        keys = {"store": str(thing), "slot": found.slot, **msgspec.to_builtins(found.manifest)}
        return UpdateAnswer(keys, [f"{thing}: slot {found.slot} runs {described(found.manifest)}"])
    data = read_input_file(thing, "an image, an update or a store")
    with located(str(thing)):
        if options.trust is not None:
            manifest, _ = open_update(data, load_public_key(options.trust))
            keys = {"update": str(thing), "bytes": len(data), **msgspec.to_builtins(manifest)}
            return UpdateAnswer(keys, [f"{thing}: signature and payload are right", described(manifest)])
        image = open_image(data)
    sections = [{"name": one.name, "bytes": one.bytes} for one in image.header.sections]
    keys = {"image": str(thing), "bytes": len(data), "sha256": image.digest, "sections": sections}
    header = image.header
    lines = [f"{thing}: {header.model}, {header.name}, {len(data):,} bytes, sha-256 {image.digest}"]
    return UpdateAnswer(keys, lines + [f"  {one.bytes:>12,}  {one.name}" for one in header.sections])


def described(manifest: Manifest) -> str:
    """A manifest in a few words."""
    return f"{manifest.model} version {manifest.version} ({manifest.kind}), image sha-256 {manifest.new_sha256[:12]}..."


ACTIONS = {"key": make_keys, "image": make_image, "make": make, "apply": apply, "inspect": inspect}
