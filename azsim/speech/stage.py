"""What a stage of the pipeline is: typed options, a network of its own, what it hears and what it yields.

::

    [[stage]] in an experiment file ──> Stage (options) ──network──> Listening (one utterance)
    piece: frames, events of the stages before it ──> hear ──> Output: events (words, flags), jobs, streams

What is computed does not depend on when: a stage says at which time of the *sound* something is known, and which jobs a
device has to run for it. When those jobs end is the device's affair.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Protocol

import msgspec
import numpy as np
from msgspec import Meta, Struct

from azsim.arbitration import Traffic
from azsim.compress.layout import TileLayout
from azsim.compress.network import CompressedNetwork
from azsim.devices.quantities import Residency
from azsim.nn.compressible import Compressible
from azsim.nn.rnnt.branching import Picker
from azsim.ranges import Name
from azsim.speech.conclusion import Recognition
from azsim.speech.work import Engine


@dataclass(frozen=True, slots=True, eq=False)
class StageJob:
    """One activation of an engine that a stage asks for. The object itself is what later jobs wait for.

    Attributes:
        engine: who runs it.
        name: on the NPU a program of the stage's own network, on the CPU a task of the device file.
        release_ms: not before this time of the utterance.
        units: how much of it: inputs that share a run's tiles on the NPU, units of the task on the CPU.
        after: jobs that must have ended before, of this stage or one before it.
        step: of the recogniser, -1: the one that its release lies in.
        invocation: NPU: row of the recorded inputs.
        more_cycles: CPU: beyond what the device says that so many units take.
        owner: stage whose network the program is of; the one that asks for it if empty.
    """

    engine: Engine
    name: str
    release_ms: int
    units: int = 1
    after: tuple[StageJob, ...] = field(default=(), repr=False)
    step: int = -1
    invocation: int = -1
    more_cycles: int = 0
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that became known: a word, a flag, an end-point.

    Attributes:
        time_ms: of the sound: when a device that computes in no time would know it.
        kind: what it is: ``final``, ``wake``, ``whisper``...
        value: of the kind: a text, number, mapping; None for a bare flag.
        job: whose end makes it known on a device; None: known as soon as the sound is there.
        stage: name of the stage that yielded it; the pipeline fills it in.
    """

    time_ms: int
    kind: str
    value: object = None
    job: StageJob | None = None
    stage: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """What a stage hears at a time; what comes out in all does not depend on how the sound was cut.

    Attributes:
        frames: log-mel, float32 ``(n, 64)``, one every 10 ms.
        first: number of the first of them.
        ended: the recording has ended: these frames are the room without speech, and it may ask for more of them.
        sound: the samples of these frames, float32 at 16 kHz; None where features alone are known.
        events: of the stages before it, since its last piece, in the order in which they were yielded.
        streams: what stages before it hand on for this piece, by name.
        jobs: stage before it -> all its jobs so far.
    """

    frames: np.ndarray
    first: int
    ended: bool = False
    sound: np.ndarray | None = None
    events: tuple[Event, ...] = ()
    streams: Mapping[str, np.ndarray] = field(default_factory=dict)
    jobs: Mapping[str, Sequence[StageJob]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Output:
    """What a stage makes of a piece.

    Attributes:
        events: in order of time.
        jobs: in an order in which each comes after those that it waits for.
        streams: arrays that it hands on to stages after it, by name.
        more_frames: of the room after the recording that it must hear before it is through.
        conclusion: the words and the head of the work, its jobs still to come; of the stage that decides the end.
    """

    events: tuple[Event, ...] = ()
    jobs: tuple[StageJob, ...] = ()
    streams: Mapping[str, np.ndarray] = field(default_factory=dict)
    more_frames: int = 0
    conclusion: Recognition | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance before anything of it is heard.

    Attributes:
        utterance: its name.
        wake_end_ms: where a wake word at its beginning ends, 0 without one.
        record_inputs: keep the int8 inputs of every matrix of the recogniser.
        picker: of an encoder with branches.
        tracks: what else is known of it, by name: a track of a camera, a catalogue.
    """

    utterance: str
    wake_end_ms: int = 0
    record_inputs: bool = False
    picker: Picker | None = None
    tracks: Mapping[str, np.ndarray] = field(default_factory=dict)


class Listening(Protocol):
    """A stage that listens to one utterance."""

    def hear(self, piece: Piece) -> Output:
        """Take the next piece."""


@dataclass(frozen=True)
class Configured:
    """The compression configuration under which stages compress networks of their own.

    Attributes:
        recogniser: under that configuration.
        compress: a network -> its bitstreams, with the configuration's codec, bits and zeros.
        layout: of the chip.
        seed: of the experiment, and of this stage.
        networks: name of a stage -> its own network, of all stages; a stage is given them when it makes its listener.
    """

    recogniser: CompressedNetwork
    compress: Callable[[Compressible], CompressedNetwork]
    layout: TileLayout
    seed: int
    networks: Mapping[str, CompressedNetwork] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AlwaysOn:
    """All programs of a stage's network run again and again from power-on, whoever speaks.

    Attributes:
        every_ms: from one run to the next.
        vectors: frames of a run, which share the weights.
    """

    every_ms: float
    vectors: int = 1


class Stage(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of a stage: the keys of its ``[[stage]]`` table, besides ``kind``.

    Attributes:
        name: for reports; its kind if empty.
        on: whether it takes part.
        priority: of its jobs on the processor, 0 to 99.
        residency: matrix of its network, by name or pattern -> where it stays; the planner chooses for the others.
        kind: as registered (`azsim.speech.stage_registry.stage`).
        hears: kinds of stages whose events, streams and jobs it takes; they come before it.
        for_words: its jobs count as the recogniser's: the final words wait for them.
        folders: options that name a folder of the user's, relative to the experiment file.
    """

    name: Name | None = None
    on: bool = True
    priority: Annotated[int, Meta(ge=0, le=99)] = 50
    residency: dict[str, Residency] = msgspec.field(default_factory=dict)
    kind: ClassVar[str] = ""
    hears: ClassVar[tuple[str, ...]] = ()
    for_words: ClassVar[bool] = False
    folders: ClassVar[tuple[str, ...]] = ()

    @property
    def title(self) -> str:
        """Its name."""
        return self.name or self.kind

    @property
    def always_on(self) -> AlwaysOn | None:
        """How often its network runs whoever speaks; None: only as the jobs that it yields say."""
        return None

    @property
    def traffic(self) -> tuple[Traffic, ...]:
        """What it moves through the memory beside its jobs, from power-on; its clients are the memory's own too."""
        return ()

    @property
    def weights(self) -> int:
        """Of its own network, as far as they are known before it is made: what memory to make it is asked for."""
        return 0

    def network(self, configured: Configured) -> CompressedNetwork | None:
        """Its own network as it lies in the device's memory; None without one."""
        return None

    def listener(self, configured: Configured, network: CompressedNetwork | None) -> Callable[[Turn], Listening] | None:
        """What makes its `Listening` for each utterance, or None if it hears nothing.

        Called once per configuration: bitstreams are decoded here.

        Args:
            configured: as `network` was given it.
            network: its own, as `network` gave it.

        Raises:
            CodecError: a bitstream is damaged.
        """
        return None
