"""The end of an utterance: labels made into words, an end-point and work, alike on the device and in the cloud.

::

    labels, outputs ──> end-point rule ──┬─> words until then, and of all that was heard ──> Transcript
                                         └─> steps, times, jobs                          ──> Work
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from azsim.nn.rnnt.network import Network
from azsim.speech.bounds import SpeechBounds
from azsim.speech.endpoint import SILENCE_MS, end_point, step_end_ms
from azsim.speech.features import STEP_MS
from azsim.speech.lattice.lattice import Lattice
from azsim.speech.transcript import Transcript, words_of
from azsim.speech.work import Job, Work

JobMaker = Callable[[int, Sequence[int]], tuple[Job, ...]]


@dataclass(frozen=True)
class Recognition:
    """What was said, and what it takes to find out.

    Attributes:
        transcript: the words.
        work: what a device has to do for them.
        lattice: what else may have been said in all that was heard, of a search that keeps it.
    """

    transcript: Transcript
    work: Work
    lattice: Lattice | None = None


def no_jobs(steps: int, label_steps: Sequence[int]) -> tuple[Job, ...]:
    """The device has nothing to compute."""
    return ()


def conclude(
    network: Network,
    utterance: str,
    audio_ms: int,
    steps: int,
    bounds: SpeechBounds,
    labels: Sequence[int],
    outputs: Sequence[int],
    probabilities: Sequence[float],
    jobs_of: JobMaker = no_jobs,
    wake_steps: int = 0,
    silence_ms: int = SILENCE_MS,
) -> Recognition:
    """Words, end-point and work of an utterance that was heard whole.

    Args:
        network: its pieces, and how many steps make an output.
        utterance: its name.
        audio_ms: length of the recording.
        steps: heard of the recording and of the silence after it (`azsim.speech.endpoint.listening_steps`).
        bounds: of the speech.
        labels: what the search found.
        outputs: index of the encoder output at which each label was emitted.
        probabilities: posterior of each label, not a number where none is known.
        jobs_of: the device's jobs, from the steps until the end-point and the step of each label until then.
        wake_steps: steps of a wake word at the beginning.
        silence_ms: the end-point's.
    """
    every = network.steps_per_output
    label_steps = tuple(every * output + every - 1 for output in outputs)
    end = end_point(label_steps, steps, silence_ms)
    times_ms = [step_end_ms(step) for step in label_steps]
    whole = words_of(labels, times_ms, probabilities, network.pieces)
    kept = words_of(labels[: end.labels], times_ms[: end.labels], probabilities[: end.labels], network.pieces)
    text_whole = " ".join(word.text for word in whole)
    transcript = Transcript(kept, tuple(labels), label_steps, text_whole)
    work = Work(
        utterance=utterance,
        audio_ms=audio_ms,
        speech_end_ms=bounds.end_ms,
        speech_end_estimated=bounds.estimated,
        endpoint_ms=end.time_ms,
        first_label_step=label_steps[0] if end.labels else -1,
        last_label_step=label_steps[end.labels - 1] if end.labels else -1,
        steps=end.steps,
        step_ms=STEP_MS,
        jobs=jobs_of(end.steps, label_steps[: end.labels]),
        wake_steps=wake_steps,
        premature=transcript.text != text_whole,
    )
    return Recognition(transcript, work)
