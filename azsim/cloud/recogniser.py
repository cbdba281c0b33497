"""The cloud's recogniser: the uncompressed network in float32, under the same search and end-point rule."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from azsim.nn.rnnt.float_rnnt import FloatFound, FloatTransducer
from azsim.nn.rnnt.network import Network
from azsim.speech.bounds import SpeechBounds, estimate_bounds
from azsim.speech.conclusion import Ended, Recognition, conclude
from azsim.speech.endpoint import LONGEST_TAIL_MS, SILENCE_MS, listening_steps, step_end_ms
from azsim.speech.endpointing.listening import EndPointer
from azsim.speech.features import FRAME_LENGTH_MS, FRAME_SHIFT_MS, STEP_MS
from azsim.speech.room_tone import room_tone
from azsim.speech.search.search import Hypothesis
from azsim.speech.transcript import words_of
from azsim.speech.work import Work

LONGEST_ROOM_MS = 1_000
"""Beyond the fixed rule's silence, that is heard after a recording for an end-pointer to decide."""


def recognise_in_cloud(
    network: Network,
    features: Sequence[np.ndarray],
    utterances: Sequence[str],
    bounds: Sequence[SpeechBounds | None] | None = None,
    audio_ms: Sequence[int] | None = None,
    silence_ms: int = SILENCE_MS,
    ends: EndPointer | None = None,
) -> list[Recognition]:
    """Recognise recordings with the float network; the device has no job to do, so ``Work.jobs`` is empty.

    As on the device, the room goes on without speech after a recording until the end-point has fired.

    Args:
        network: the fp32 network.
        features: log-mel of each recording, float32 ``(frames, 64)``.
        utterances: their names.
        bounds: of their speech, None where they are to be estimated.
        audio_ms: their lengths; by default those of their frames.
        silence_ms: of the fixed rule.
        ends: the device's end-pointer, in place of that rule.
    """
    if ends is not None:
        silence_ms += LONGEST_ROOM_MS
    steps = [listening_steps(len(frames), -1, silence_ms, network.steps_per_output) for frames in features]
    found = _found(network, features, steps)
    going_on = []  # a label fell into the silence: the device listens on
    for index, each in enumerate(found):
        last = _step_of(each.outputs[-1], network) if each.outputs else -1
        if listening_steps(len(features[index]), last, silence_ms, network.steps_per_output) > steps[index]:
            going_on.append(index)
    most = [steps[index] + LONGEST_TAIL_MS // STEP_MS for index in going_on]
    for index, each in zip(going_on, _found(network, [features[index] for index in going_on], most), strict=True):
        steps[index], found[index] = _until_silence(network, len(features[index]), each, silence_ms)
    recognitions = []
    for index, (frames, name, each) in enumerate(zip(features, utterances, found, strict=True)):
        length_ms = audio_ms[index] if audio_ms else (len(frames) - 1) * FRAME_SHIFT_MS + FRAME_LENGTH_MS
        own = (bounds[index] if bounds else None) or estimate_bounds(frames)
        unsaid = [float("nan")] * len(each.labels)  # the baseline sends words, no posteriors
        heard = each.labels, each.outputs, unsaid
        ended = None if ends is None else _ended(ends, network, frames, steps[index], each)
        recognitions.append(
            conclude(network, name, length_ms, steps[index], own, *heard, silence_ms=silence_ms, ended=ended)
        )
    return recognitions


@dataclass(frozen=True)
class Emitted:
    """Labels and the encoder output of each, as a search that held nothing else possible."""

    labels: tuple[int, ...]
    outputs: tuple[int, ...]

    def hypotheses(self, output: int | None = None) -> tuple[Hypothesis, ...]:
        """After an output (after all, if None)."""
        count = len(self.outputs) if output is None else bisect_right(self.outputs, output)
        last = -1 if not count else self.outputs[count - 1]
        until = last if output is None else output
        return (Hypothesis(self.labels[:count], self.outputs[:count], 1.0, until - last),)


def _ended(ends: EndPointer, network: Network, frames: np.ndarray, steps: int, found: FloatFound) -> Ended:
    """Where the device's end-pointer ends a recording with these labels; at its end, if nowhere before."""
    emitted = Emitted(tuple(found.labels), tuple(found.outputs))
    listening = ends.listen(network)
    listening.hear(np.concatenate([frames, room_tone(frames, max(0, network.stack * steps - len(frames)))]))
    listening.decide(emitted, steps // network.steps_per_output)
    last = listening.events[-1].step if listening.is_over else steps - 1
    best = emitted.hypotheses((last + 1) // network.steps_per_output - 1)[0]
    return Ended(last + 1, best.labels, best.outputs)


def _found(network: Network, features: Sequence[np.ndarray], steps: Sequence[int]) -> list[FloatFound]:
    """Labels of recordings, each heard for so many steps, silence after it included."""
    heard = [
        np.concatenate([frames, room_tone(frames, max(0, network.stack * count - len(frames)))])
        for frames, count in zip(features, steps, strict=True)
    ]
    return FloatTransducer(network).recognise(heard) if heard else []


def _until_silence(network: Network, frames: int, found: FloatFound, silence_ms: int) -> tuple[int, FloatFound]:
    """For how many steps a device listens that finds these labels, and the labels until then."""
    steps, kept = listening_steps(frames, -1, silence_ms, network.steps_per_output), 0
    while kept < len(found.labels) and _step_of(found.outputs[kept], network) < steps:
        last = _step_of(found.outputs[kept], network)
        kept += 1
        steps = max(steps, listening_steps(frames, last, silence_ms, network.steps_per_output))
    return steps, FloatFound(found.labels[:kept], found.outputs[:kept])


def _step_of(output: int, network: Network) -> int:
    return network.steps_per_output * output + network.steps_per_output - 1


def closed_by(recognition: Recognition, own: Work, pieces: Sequence[str]) -> Recognition:
    """What the cloud has heard when the device's end-point closes the request, later or earlier than its own would.

    Args:
        recognition: of the same utterance in the cloud.
        own: the device's work.
        pieces: of the cloud's network.
    """
    transcript, work = recognition.transcript, recognition.work
    kept = [step for step in transcript.label_steps if step < own.steps]
    times_ms = [step_end_ms(step) for step in kept]
    words = words_of(transcript.labels[: len(kept)], times_ms, [float("nan")] * len(kept), pieces)
    transcript = replace(transcript, words=words)
    return Recognition(
        transcript,
        replace(
            work,
            premature=transcript.text != transcript.text_whole,
            endpoint_ms=own.endpoint_ms,
            steps=own.steps,
            first_label_step=kept[0] if kept else -1,
            last_label_step=kept[-1] if kept else -1,
        ),
    )
