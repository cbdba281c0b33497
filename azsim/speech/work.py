"""What the speech side hands to the device side: which job ran when, for what, and with which int8 inputs.

::

    step k (30 ms):  microphone ──> front end (cpu) ──> encoder (npu) ──> joint (npu) ──> search (cpu)
                                                                           ^                 │ label
                                                                           └── prediction <──┘

What is computed does not depend on when: ``Work`` is made once per utterance
and compressed network, and replayed on any device under any load.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

Engine = Literal["cpu", "npu"]


@dataclass(frozen=True, slots=True)
class Job:
    """One activation of an engine.

    Attributes:
        engine: who runs it.
        name: an NPU program of the network (``encoder.0``, ``encoder.1``, their ``.small`` branches, ``arbiter``,
            ``joint``, ``prediction``), or a CPU routine (``frontend``, ``search``).
        step: index of the 30 ms step it belongs to.
        release_ms: not before this time of the utterance (the microphone has the sound by then); jobs also
            wait for the job before them in the list (a chain), but a ``frontend`` job waits only for its release.
        units: how much of it: frames for ``frontend``, hypotheses for ``search``, invocations on the NPU.
        invocation: NPU only: row of ``Work.inputs`` that holds this invocation's int8 inputs.
    """

    engine: Engine
    name: str
    step: int
    release_ms: int
    units: int = 1
    invocation: int = -1


@dataclass(frozen=True, slots=True)
class Work:
    """Everything the device has to do for one utterance, from the first sample to the end-point.

    Attributes:
        utterance: its name.
        audio_ms: length of the recording.
        speech_end_ms: true end of speech.
        speech_end_estimated: the end was estimated from energy, not known from the corpus.
        endpoint_ms: time of the utterance (of its audio, no processing counted) at which the end-point rule fires.
        last_label_step: step of the last label before the end-point, -1 if none.
        first_label_step: step of the first label, -1 if none.
        steps: encoder steps until the end-point.
        step_ms: period of a step; the deadline of a step's jobs is the next step's release.
        jobs: in order of the chain.
        inputs: int8 ``(invocations, columns)`` per weight matrix, empty unless activations were recorded.
        wake_steps: of the steps, the first ones, in which a wake word is heard and nothing written down.
    """

    utterance: str
    audio_ms: int
    speech_end_ms: int
    speech_end_estimated: bool
    endpoint_ms: int
    first_label_step: int
    last_label_step: int
    steps: int
    step_ms: int
    jobs: tuple[Job, ...]
    inputs: Mapping[str, np.ndarray] = field(default_factory=dict)
    wake_steps: int = 0
