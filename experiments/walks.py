"""Walk one value of each kind through the house and name the modules that it passes.

    python -m experiments.walks

A walk is a run with a few points at which the value is used for what it is there for; it passes the modules that stand
on the call stack, from its beginning to each of these points. The walks: a key of an experiment to cycles, audio to
words to a timeline, a weight to bits to a product, a key of a device to cycles.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from pathlib import Path
from types import FrameType

import numpy as np
from msgspec.structs import replace

import azsim
from azsim.chip.tiles import tile_layout
from azsim.compare.experiment import load_experiment
from azsim.compare.runner import make_setup
from azsim.compare.setup import compressed
from azsim.compare.trained import play
from azsim.resources import speech_file
from azsim.speech.search.choice import GREEDY

ROOT = Path(azsim.__file__).parent
WALKS: dict[str, tuple[Callable[[], object], frozenset[tuple[str, str]]]] = {}


def walk(name: str, *points: tuple[str, str]) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Register a walk; ``points`` are a module below ``azsim/`` and a function each, all of which it must reach."""

    def register(run: Callable[[], object]) -> Callable[[], object]:
        WALKS[name] = run, frozenset(points)
        return run

    return register


@walk(
    "experiment key → cycle",
    ("compare/experiment.py", "load_experiment"),
    ("compress/codecs/matrix.py", "encode"),
    ("chip/tiles.py", "tile_schedule"),
    ("soc/memory/burst.py", "play"),
)
def experiment_key() -> object:
    """``weight_bits`` of a configuration: read, encoded, laid out as tiles, fetched tile by tile."""
    experiment, path = load_experiment(None)
    setup = make_setup(replace(experiment, search=GREEDY), path, limit=1)
    return play(setup, compressed(setup, experiment.configuration[3]))


@walk(
    "audio → words → timeline",
    ("nn/rnnt/integer_rnnt.py", "push"),
    ("speech/conclusion.py", "conclude"),
    ("soc/job_graph.py", "_execute"),
    ("soc/device.py", "timeline"),
)
def audio() -> object:
    """The first shipped recording through ``azsim.run``."""
    device = azsim.load_device("az1")
    network, layout = azsim.load_network("rnnt-student"), tile_layout(device.chip)
    small = azsim.compress(network, weight_bits=5, codec="zvsv", layout=layout)
    recording = sorted(speech_file("speech").parent.glob("*.flac"))[0]
    return azsim.run(device, small, recording, music=False)


@walk(
    "weight → bits → product",
    ("compress/codecs/fixed_width.py", "encode_streams"),
    ("chip/tiles.py", "tile_schedule"),
    ("chip/attribution.py", "time_by_cause"),
)
def weight() -> object:
    """A small matrix through ``azsim.matvec``."""
    weights = np.random.default_rng(1).integers(-7, 8, (64, 48)).astype(np.int8)
    return azsim.matvec(azsim.load_device("az1"), weights, np.ones(48, np.int8), codec="zvsv", weight_bits=4)


@walk(
    "device key → cycle",
    ("devices/loader.py", "load_device"),
    ("toml.py", "convert"),
    ("chip/decoder.py", "written_cycles"),
    ("chip/attribution.py", "time_by_cause"),
)
def device_key() -> object:
    """``chip.decoder.positions_per_cycle``: read, checked, and what a tile's decoding takes by it."""
    return weight()


def passed(run: Callable[[], object], points: Collection[tuple[str, str]]) -> list[str]:
    """The modules below ``azsim/`` that a run passes up to each point, in the order in which they are met.

    Raises:
        RuntimeError: a point was not reached.
    """
    left, met = set(points), dict[str, None]()

    def note(frame: FrameType, event: str, argument: object) -> None:
        point = (_module(frame), frame.f_code.co_name)
        if event != "call" or point not in left:
            return
        left.discard(point)
        if not left:
            sys.setprofile(None)
        stack, above = [], frame
        while above is not None:
            if name := _module(above):
                stack.append(name)
            above = above.f_back
        met.update(dict.fromkeys(reversed(stack)))

    run()  # what is compiled at a first call would be traced too
    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(None)
    if left:
        raise RuntimeError(f"not reached: {', '.join('.'.join(point) for point in sorted(left))}")
    return list(met)


def _module(frame: FrameType) -> str:
    path = frame.f_code.co_filename
    return path[len(str(ROOT)) + 1 :] if path.startswith(str(ROOT)) else ""


def main() -> None:
    """Walk and print."""
    for name, (run, points) in WALKS.items():
        met = passed(run, points)
        print(f"{name}: {len(met)} modules: {', '.join(met)}")


if __name__ == "__main__":
    main()
