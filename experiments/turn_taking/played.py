"""Every stage of share.toml over shipped test speech: somebody who faces the device is in view, then nobody is."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np

from azsim.compare.experiment import load_experiment
from azsim.compare.runner import make_setup
from azsim.compare.setup import Setup, compressed
from azsim.compare.trained import play
from azsim.report.results import StageCost
from azsim.resources import shipped
from azsim.speech.features import FRAME_SHIFT_MS
from azsim.speech.stages.turn_taking import TURN_TAKING, track_path
from azsim.speech.turn_taking.people import Saying, simulate
from azsim.speech.turn_taking.track_file import save_tracks
from azsim.train.speech_frames import speech_frames
from experiments.turn_taking.scenes import SEED


def stage_costs(utterances: int) -> list[StageCost]:
    """What each stage takes; `StageCost.config` says who is in view."""
    experiment, path = load_experiment(shipped("experiments", "turn_taking/share.toml"))
    setup = make_setup(experiment, path, limit=utterances)
    small, made = compressed(setup, experiment.configuration[0]), list[StageCost]()
    with tempfile.TemporaryDirectory() as folder:
        _save_people(setup, Path(folder))
        for name, tracks in (("somebody in view", folder), ("nobody in view", "")):
            stages = tuple(
                msgspec.structs.replace(each, tracks=tracks) if each.kind == TURN_TAKING else each
                for each in experiment.stage
            )
            own = replace(setup, experiment=msgspec.structs.replace(experiment, stage=stages))
            made += [replace(cost, config=name) for cost in play(own, small).stages]
    return made


def _save_people(setup: Setup, folder: Path) -> None:
    """One simulated person for each utterance, who speaks to the device."""
    for number, each in enumerate(setup.utterances):
        said = Saying(0, speech_frames(each.features), 0, to_device=True)
        rng = np.random.default_rng((SEED, 3, number))
        save_tracks(simulate([said], 1, len(each.features) * FRAME_SHIFT_MS, rng), track_path(folder, each.name))
