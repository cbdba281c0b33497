"""The public face: ``azsim.load_device``, ``azsim.compress``, ``azsim.run`` and what they give back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from azsim.compare.experiment import Experiment, check_seed
from azsim.compare.runner import assemble
from azsim.compare.setup import build_setup, check_capacity, configuration_of, open_device
from azsim.compare.shown import first
from azsim.compare.speech_set import load_utterance
from azsim.compare.trained import TrainedOutcome, play
from azsim.compress.network import CompressedNetwork
from azsim.devices import Device
from azsim.errors import InputError
from azsim.input_file import given_path
from azsim.ranges import is_number
from azsim.report.results import Comparison, ConfigurationResult
from azsim.report.write import write_report
from azsim.resources import shipped
from azsim.soc.timeline import Timeline
from azsim.speech.transcript import Word
from azsim.summary import Summarised


@dataclass(frozen=True, repr=False)
class Result(Summarised):
    """One recording through one compressed network on one device.

    Attributes:
        transcript: the words up to the end-point.
        words: with their times and label posteriors.
        metrics: latency, bandwidth, energy and the rest, as a row of the tables.
        timeline: everything that happened, with spans and counters.
    """

    transcript: str
    words: tuple[Word, ...]
    metrics: ConfigurationResult
    timeline: Timeline
    _comparison: Comparison

    def facts(self) -> Mapping[str, object]:
        """What it is shown by."""
        return {
            "transcript": self.transcript,
            "words": len(self.words),
            "configuration": self.metrics.config,
            "device": self._comparison.device,
            "latency_ms": self.metrics.latency_p50_ms,
            "model_bytes": self.metrics.model_bytes,
            "energy_mj": self.metrics.energy_mj_per_utterance,
            "deadline_misses": self.metrics.deadline_misses,
            "underruns": self.metrics.underruns,
        }

    def report(self, out: str | Path) -> Path:
        """Write the page, figures, tables and trace to the folder ``out``.

        Raises:
            InputError: nothing can be written there.
        """
        return write_report(self._comparison, Path(out))


def run(
    device: Device | str | Path,
    small: CompressedNetwork,
    recording: str | Path,
    *,
    music: bool | str | Path = True,
    seed: int = 1,
    max_minutes: float = 10.0,
    gain: float = 1.0,
) -> Result:
    """Speech through the device.

    Args:
        device: a device, its name, or a path to a ``.toml``.
        small: from ``azsim.compress``, encoded for this device's lanes.
        recording: any file that libsndfile reads.
        music: what plays meanwhile: True for the shipped track, False for silence, or a file.
        seed: of network jitter and the music's phase.
        max_minutes: a longer recording is refused.
        gain: factor of every sample, for files whose full scale is not 1.

    Raises:
        InputError: the recording, the device, the music or the seed cannot be used.
    """
    check_seed(seed, "seed")
    opened = open_device(device)
    path = given_path(recording, "recording")
    if not is_number(max_minutes) or max_minutes <= 0:
        raise InputError(f"max_minutes = {max_minutes!r}: must be a number above 0")
    track = None
    if music is not False and music is not None:
        track = shipped("experiments", "music/track.ogg") if music is True else given_path(music, "music")
    experiment = Experiment(
        name="run",
        device=opened[0].name,
        model=small.network.name,
        speech="",
        configuration=(configuration_of(small),),
        seed=seed,
    )
    setup = build_setup(
        experiment,
        opened,
        lambda heard: [load_utterance(path, path.name, None, {}, max_minutes, heard, gain)],
        source="azsim.run",
        named=lambda key: key,
        music=track,
        digests={small.network.name: small.network.digest},
    )
    check_capacity(setup.device, setup.device_file, small.name, small.model_bytes)
    outcome: TrainedOutcome = play(setup, small, first)
    comparison = assemble(setup, [outcome], [], ["azsim.run"])
    only = outcome.results[0]
    return Result(
        transcript=only.hypothesis,
        words=only.words,
        metrics=comparison.rows[0],
        timeline=outcome.traced.timeline,
        _comparison=comparison,
    )
