"""What users of the package and of the command can name: functions with parameters, attributes of results, options."""

from __future__ import annotations

import argparse
import inspect
from importlib import import_module

import azsim
from azsim.cli import parser

RESULTS = (
    "azsim.api:Result",
    "azsim.chip.analytic:Estimate",
    "azsim.deploy.matvec:MatvecCost",
    "azsim.chip.statistics:Statistics",
    "azsim.compress.encoded:Encoded",
    "azsim.compress.network:CompressedNetwork",
    "azsim.devices.spec:Device",
    "azsim.nn.rnnt.network:Network",
    "azsim.report.results:ConfigurationResult",
    "azsim.report.results:Row",
    "azsim.report.timing:UtteranceTiming",
    "azsim.soc.timeline:Timeline",
    "azsim.speech.transcript:Word",
)
"""What the functions give back."""


def public_names() -> dict[str, list[str]]:
    """Function or class -> parameters or attributes; command -> options."""
    found = {}
    for name in azsim.__all__:
        value = getattr(azsim, name)
        is_function = callable(value) and not inspect.isclass(value)
        found[f"azsim.{name}"] = list(inspect.signature(value).parameters) if is_function else []
    for place in RESULTS:
        module, name = place.split(":")
        owner = getattr(import_module(module), name)
        names = {*dir(owner), *getattr(owner, "__annotations__", {})}
        found[name] = sorted(one for one in names if not one.startswith("_"))
    found |= _commands("azsim", parser())
    return found


def _commands(name: str, command: argparse.ArgumentParser) -> dict[str, list[str]]:
    found = {f"${name}": sorted(word for action in command._actions for word in action.option_strings)}
    for action in command._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below, one in action.choices.items():
                found |= _commands(f"{name} {below}", one)
    return found
