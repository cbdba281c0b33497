"""One configuration on the user's own recordings: ``azsim run`` and ``azsim.run``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from azsim.compare.experiment import Configuration, Experiment, check_bits, check_codec, check_seed
from azsim.compare.runner import assemble
from azsim.compare.setup import Setup, build_setup, open_device
from azsim.compare.shown import first
from azsim.compare.speech_set import Microphone, Utterance
from azsim.compare.trained import on_device
from azsim.compare.turns import Cut, Cutter, recogniser_of
from azsim.errors import InputError, located
from azsim.nn.graph.operator import Granularity
from azsim.ranges import check_bits_and_zeros
from azsim.report.results import Comparison
from azsim.speech.context.choice import ContextChoice
from azsim.speech.search.beam import MOST_BEAM
from azsim.speech.search.choice import GREEDY, SearchChoice
from azsim.speech.stage import Stage


@dataclass(frozen=True)
class Single:
    """One configuration, as the command line gives it; ``stages`` run beside the recogniser."""

    device: str
    model: str
    codec: str
    weight_bits: int
    sparsity: float
    seed: int
    beam: int = 4
    stages: tuple[Stage, ...] = ()
    granularity: Granularity = "tensor"
    catalogue: Path | None = None

    @classmethod
    def asked(cls, options: Namespace, stages: Sequence[Stage] = ()) -> Single:
        """What the options of ``azsim run`` and ``azsim listen`` ask for, of the same names."""
        return cls(
            device=options.device,
            model=options.model,
            codec=options.codec,
            weight_bits=options.weight_bits,
            sparsity=options.sparsity,
            seed=options.seed,
            beam=options.beam,
            stages=tuple(stages),
            granularity=options.granularity,
            catalogue=options.catalogue,
        )


def make_single(
    recordings: Sequence[Path],
    single: Single,
    music: Path | None,
    max_minutes: float,
    gain: float = 1.0,
    cut: Cut = "by itself",
) -> Setup:
    """Read recordings, cut them into turns (`azsim.compare.turns`), read network, device and music.

    Raises:
        InputError: any of them is wrong, or a setting is out of range.
    """
    experiment = experiment_of(single, "run")
    with located("--device"):
        device = open_device(single.device)

    def read_speech(heard: Microphone | None) -> list[Utterance]:
        cutter = Cutter(cut, partial(recogniser_of, device[0], experiment), max_minutes, gain)
        return [turn for path in recordings for turn in cutter.utterances(path, heard)]

    return build_setup(experiment, device, read_speech, source="azsim run", named=lambda key: f"--{key}", music=music)


def experiment_of(single: Single, name: str) -> Experiment:
    """The experiment of one configuration that the command line asks for.

    Raises:
        InputError: a setting is out of range.
    """
    check_codec(single.codec, "--codec")
    check_bits_and_zeros(single.weight_bits, single.sparsity)
    check_seed(single.seed, "--seed")
    check_bits(single.codec, single.weight_bits, "--weight-bits")
    if not 1 <= single.beam <= MOST_BEAM:
        raise InputError(f"--beam = {single.beam}: must be a whole number from 1 to {MOST_BEAM}")
    title = f"{single.weight_bits}-bit {single.codec}" + (f" {single.sparsity:.0%}" if single.sparsity else "")
    search = SearchChoice("beam", single.beam) if single.beam > 1 else GREEDY
    return Experiment(
        name=name,
        device=single.device,
        model=single.model,
        speech="",
        configuration=(
            Configuration(
                name=title,
                codec=single.codec,
                weight_bits=single.weight_bits,
                sparsity=single.sparsity,
                granularity=single.granularity,
            ),
        ),
        seed=single.seed,
        search=search,
        stage=single.stages,
        context=context_of(single, search),
    )


def context_of(single: Single, search: SearchChoice) -> ContextChoice | None:
    """The names that the command line gives, boosted in the beam.

    Raises:
        InputError: the catalogue is wrong, or the search is greedy.
    """
    if single.catalogue is None:
        return None
    if search.kind == "greedy":
        raise InputError("--catalogue: a greedy search has no hypotheses to boost; give --beam 2 or more")
    chosen = ContextChoice(str(single.catalogue))
    with located("--catalogue"):
        chosen.check(search)
    return chosen


def run_single(setup: Setup, command: Sequence[str]) -> Comparison:
    """The recordings through the one configuration of ``setup``; the first is kept whole for the timeline figure."""
    return assemble(setup, [on_device(setup, setup.experiment.configuration[0], first)], [], command)
