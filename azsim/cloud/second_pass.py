"""The cloud's second pass: a network that hears the whole says what was said, until the end-point of the first.

::

    frames ──streaming network, end-pointer──> end-point ──frames until there──> network that looks ahead ──> words

A network that looks ahead cannot end an utterance: what it says of a moment depends on what comes after it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from azsim.nn.rnnt.float_rnnt import FloatFound, FloatTransducer
from azsim.nn.rnnt.network import Network
from azsim.speech.bounds import SpeechBounds
from azsim.speech.conclusion import Ended, Recognition, conclude
from azsim.speech.endpoint import SILENCE_MS, listening_steps
from azsim.speech.room_tone import room_tone


def heard_again(
    network: Network,
    features: Sequence[np.ndarray],
    first: Sequence[Recognition],
    bounds: Sequence[SpeechBounds],
) -> list[Recognition]:
    """What a network says of recordings that a streaming one has ended; the device has no job to do.

    Args:
        network: that looks ahead or not.
        features: log-mel of each recording, float32 ``(frames, 64)``.
        first: what the streaming network made of each: its end-points stand.
        bounds: of the speech.
    """
    least = [listening_steps(len(frames), -1, SILENCE_MS, network.steps_per_output) for frames in features]
    until = [recognition.work.steps for recognition in first]
    whole = [max(pair) for pair in zip(least, until, strict=True)]
    cut = [index for index, steps in enumerate(until) if steps < whole[index]]
    found = _found(network, [_heard(network, *each) for each in zip(features, whole, strict=True)])
    ended = dict(
        zip(cut, _found(network, [_heard(network, features[index], until[index]) for index in cut]), strict=True)
    )
    recognitions = []
    for index, (recognition, everything) in enumerate(zip(first, found, strict=True)):
        then = ended.get(index, everything)
        work = recognition.work
        recognitions.append(
            conclude(
                network,
                work.utterance,
                work.audio_ms,
                whole[index],
                bounds[index],
                everything.labels,
                everything.outputs,
                [float("nan")] * len(everything.labels),  # the baseline sends words, no posteriors
                ended=Ended(until[index], tuple(then.labels), tuple(then.outputs)),
            )
        )
    return recognitions


def _heard(network: Network, frames: np.ndarray, steps: int) -> np.ndarray:
    """Frames of so many steps: of the recording, and of its room where it is shorter."""
    count = network.stack * steps
    return np.concatenate([frames[:count], room_tone(frames, max(0, count - len(frames)))])


def _found(network: Network, heard: list[np.ndarray]) -> list[FloatFound]:
    return FloatTransducer(network).recognise(heard) if heard else []
