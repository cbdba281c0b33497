"""A conversation as it comes, with what each turn costs the device: what ``azsim listen`` shows.

::

    blocks of sound ──> log-mel ──> Conversation ──> openings, partials, end-points
                                          └─ turn ──> Pipeline ──> Deployment.play ──> latency, energy, traffic
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from azsim.compare.experiment import Experiment
from azsim.compare.setup import build_setup, compressed, open_device
from azsim.compare.stages import pipeline_of
from azsim.compare.trained import deploy
from azsim.compare.turns import told_recogniser
from azsim.errors import located
from azsim.report.metrics import measure
from azsim.report.timing import UtteranceTiming
from azsim.speech.bounds import estimate_bounds
from azsim.speech.conversation.conversation import Conversation, ConversationTurn, Happening
from azsim.speech.conversation.opening import WaitingMaker
from azsim.speech.features import SAMPLE_RATE_HZ, LogMel
from azsim.speech.gather import gather
from azsim.speech.stage import Turn


@dataclass(frozen=True)
class TurnCost:
    """What one turn cost the device.

    Attributes:
        number: of the turn.
        timing: from its beginning to the final words.
        heard_ms: length of the turn.
    """

    number: int
    timing: UtteranceTiming
    heard_ms: float

    @property
    def energy_mj(self) -> float:
        """Of the whole device."""
        return sum(self.timing.energy_mj.values())

    @property
    def dram_bytes(self) -> int:
        """Read and written by all of its clients."""
        return sum(self.timing.dram_bytes.values())


@dataclass(frozen=True)
class HostLoad:
    """How much of a machine's time listening took.

    Attributes:
        sound_s: heard.
        busy_s: computed, what each turn costs the device included.
    """

    sound_s: float
    busy_s: float


class LiveConversation:
    """One configuration on a device that listens.

    Args:
        experiment: of one configuration.
        waiting: makes what waits for turns.

    Attributes:
        load: so far.
        local_processing: the device's setting.

    Raises:
        InputError: network, device or a setting is wrong.
    """

    def __init__(self, experiment: Experiment, waiting: WaitingMaker) -> None:
        with located("--device"):
            device, file = open_device(experiment.device)
        self.local_processing = device.local_processing
        self._setup = build_setup(
            experiment, (device, file), lambda heard: (), source="azsim listen", named=lambda key: f"--{key}"
        )
        small = compressed(self._setup, experiment.configuration[0])
        self._pipeline = pipeline_of(self._setup, small)
        self._deployed = deploy(self._setup, device, small, self._pipeline)
        self._every = small.network.steps_per_output
        recogniser = told_recogniser(small, experiment)
        self._conversation = Conversation(recogniser, waiting)
        self._samples, self._busy_s = 0, 0.0

    @property
    def load(self) -> HostLoad:
        """So far."""
        return HostLoad(self._samples / SAMPLE_RATE_HZ, self._busy_s)

    def hear(self, blocks: Iterable[np.ndarray]) -> Iterator[Happening | TurnCost]:
        """What happens in a sound, as it comes; the cost of a turn right after it.

        Args:
            blocks: mono float32 samples at 16 kHz.
        """
        stream = LogMel()
        for block in blocks:
            self._samples += len(block)
            yield from self._timed(self._conversation.feed(stream.feed(block)))
        yield from self._timed(self._conversation.finish())

    def _timed(self, happenings: Iterator[Happening]) -> Iterator[Happening | TurnCost]:
        """The same; the time that it takes to make them counts, not what is done with them."""
        while True:
            began_s = time.perf_counter()
            happening = next(happenings, None)
            cost = self._cost(happening) if isinstance(happening, ConversationTurn) else None
            self._busy_s += time.perf_counter() - began_s
            if happening is None:
                return
            yield happening
            if cost is not None:
                yield cost

    def _cost(self, turn: ConversationTurn) -> TurnCost:
        bounds = estimate_bounds(turn.frames)
        recognition = self._pipeline.recognise(turn.frames, Turn(f"turn {turn.number}"), bounds)
        work = gather(recognition.work, self._deployed.frames_per_step, self._every)
        timeline = self._deployed.play(work, music=None, seed=self._setup.experiment.seed + turn.number)
        return TurnCost(turn.number, measure(timeline, work, bounds.start_ms), turn.end_ms - turn.start_ms)
