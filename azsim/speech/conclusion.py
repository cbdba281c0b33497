"""The end of an utterance: labels made into words, an end-point and work, alike on the device and in the cloud.

::

    labels, outputs ──> end-point ──┬─> words until then, and of all that was heard ──> Transcript
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
        lattice: what else may have been said, of a search that keeps it: until the end-pointer told the words that it
            then committed; under the fixed rule in all that was heard.
    """

    transcript: Transcript
    work: Work
    lattice: Lattice | None = None


@dataclass(frozen=True)
class Ended:
    """Where and with which labels an end-pointer ended an utterance.

    Attributes:
        steps: until then.
        labels: of the best hypothesis at that moment, and the encoder output of each.
        outputs: likewise, counted from the start of the utterance.
    """

    steps: int
    labels: tuple[int, ...]
    outputs: tuple[int, ...]


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
    ended: Ended | None = None,
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
        silence_ms: of the fixed rule, without a label.
        ended: what an end-pointer decided, in place of that rule.
    """
    every = network.steps_per_output
    label_steps = _steps_of(outputs, every)
    if ended is None:
        end = end_point(label_steps, steps, silence_ms)
        ended = Ended(end.steps, tuple(labels[: end.labels]), tuple(outputs[: end.labels]))
    kept_steps = _steps_of(ended.outputs, every)
    whole = words_of(labels, [step_end_ms(step) for step in label_steps], probabilities, network.pieces)
    known = {(label, output): value for label, output, value in zip(labels, outputs, probabilities, strict=True)}
    own = [known.get(each, float("nan")) for each in zip(ended.labels, ended.outputs, strict=True)]
    kept = words_of(ended.labels, [step_end_ms(step) for step in kept_steps], own, network.pieces)
    text_whole = " ".join(word.text for word in whole)
    transcript = Transcript(kept, tuple(labels), label_steps, text_whole)
    work = Work(
        utterance=utterance,
        audio_ms=audio_ms,
        speech_end_ms=bounds.end_ms,
        speech_end_estimated=bounds.estimated,
        endpoint_ms=step_end_ms(ended.steps - 1),
        first_label_step=kept_steps[0] if kept_steps else -1,
        last_label_step=kept_steps[-1] if kept_steps else -1,
        steps=ended.steps,
        step_ms=STEP_MS,
        jobs=jobs_of(ended.steps, kept_steps),
        wake_steps=wake_steps,
        premature=transcript.text != text_whole,
    )
    return Recognition(transcript, work)


def _steps_of(outputs: Sequence[int], every: int) -> tuple[int, ...]:
    """The step at whose end each encoder output is there."""
    return tuple(every * output + every - 1 for output in outputs)
