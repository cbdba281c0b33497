"""``azsim new``: a folder to start from, with an experiment, a device that inherits, and how to run them."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

from azsim.commands.shared.options import path
from azsim.errors import InputError, WorkError, readable
from azsim.interrupts import interrupts_end_all

HELP = "a folder to start from: an experiment, a device that inherits, how to run"
EXPERIMENT, DEVICE, README = "experiment.toml", "device.toml", "README.md"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,50}")
_BASE = "az1"
_TWICE = 2
_OPENING = f"""# What does each compression configuration do on the device of {DEVICE}?
#
# `model` names a network that is shipped or the path of a .safetensors file; paths are relative to this file. The first
# `raw` configuration is what the others are compared with, pair by pair.
"""


def declare(command: argparse.ArgumentParser) -> None:
    """The folder."""
    command.add_argument(
        "name",
        nargs="?",
        type=path,
        default="my-experiment",
        metavar="NAME",
        help="of the folder (default: my-experiment)",
    )


def perform(options: argparse.Namespace) -> dict[str, object]:
    """Write the folder; files that are there already stay, and are refused if they are others."""
    with interrupts_end_all():
        from azsim.compare.experiment import load_experiment
        from azsim.devices import load_device
    folder = Path(options.name)
    name = folder.resolve().name
    if not _NAME.fullmatch(name):
        raise InputError(f"{folder}: the name of a folder must be letters, digits, '.', '_' and '-', at most 51")
    files = {
        EXPERIMENT: experiment_text(name),
        DEVICE: device_text(name, load_device(_BASE).chip.sram.bytes),
        README: readme_text(name),
    }
    written = _write(folder, files)
    load_device(folder / DEVICE)
    load_experiment(folder / EXPERIMENT)
    if not options.json:
        print(
            readable(f"{folder}: {', '.join(written) or 'nothing new'}; then: cd {folder}; azsim compare {EXPERIMENT}")
        )
    return {"folder": str(folder), "written": written}


def experiment_text(name: str) -> str:
    """The shipped experiment under another name, on the device beside it."""
    from azsim.resources import shipped

    text = shipped("experiments", "compression/compression.toml").read_text(encoding="utf-8")
    text = _OPENING + text[text.index("\nname = ") :]
    for key, value in (("name", name), ("device", DEVICE)):
        text, count = re.subn(rf'^{key} = "[^"]*"', f'{key} = "{value}"', text, count=1, flags=re.MULTILINE)
        if count != 1:
            raise WorkError(f"the shipped experiment has no key {key}")
    return text


def device_text(name: str, size: int) -> str:
    """A device that is the shipped one, whose memory on the chip has ``size`` bytes, but for that size."""
    return (
        "# A device that says only what differs from its base. Any key of a device file may stand here, in its table:\n"
        "# docs/device-keys.md lists them all with meaning, unit and range.\n\n"
        f'base = "{_BASE}"\n'
        f'name = "{name}-device"\n\n'
        "[chip.sram]\n"
        f"bytes = {_TWICE * size:_}                   # {_BASE}: {size:_}\n"
    )


def readme_text(name: str) -> str:
    """Three lines: what this is, how to run it, what to change."""
    return (
        f"# {name}\n"
        f"Run `azsim compare {EXPERIMENT} --utterances 12` here, without `--utterances` for all recordings; "
        f"`azsim compare {EXPERIMENT} --device {_BASE} --device {DEVICE}` sets the device beside its base.\n"
        f"Change `{EXPERIMENT}` (configurations, network, speech, music) and `{DEVICE}` (what differs from {_BASE}).\n"
    )


def _write(folder: Path, files: dict[str, str]) -> list[str]:
    """Write those of the files that are not there; nothing if one is there and differs."""
    from azsim.output_file import check_output_file, write_output_file

    missing = []
    for name, text in files.items():
        path = folder / name
        if not os.path.lexists(path):
            missing.append(name)
        elif not os.path.isfile(path) or path.read_bytes() != text.encode():
            raise InputError(f"{path}: exists already; it is not overwritten, give another name")
    made = not os.path.exists(folder)
    try:
        folder.mkdir(exist_ok=True)
    except FileNotFoundError:
        raise InputError(f"{folder}: there is no folder {folder.parent}") from None
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror}; give another name") from None
    written: list[str] = []
    try:
        for name in missing:
            check_output_file(folder / name)
        for name in missing:
            write_output_file(folder / name, [files[name].encode()], overwrite=False)
            written.append(name)
    except BaseException:
        for name in written:
            (folder / name).unlink()
        if made:
            folder.rmdir()
        raise
    return written
