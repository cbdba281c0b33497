"""The cloud's recogniser: the uncompressed network in float32, under the same search and end-point rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from azsim.nn.float_rnnt import FloatTransducer
from azsim.nn.network import Network
from azsim.speech.conclusion import Recognition, conclude
from azsim.speech.endpoint import step_end_ms
from azsim.speech.features import FRAME_LENGTH_MS, FRAME_SHIFT_MS
from azsim.speech.words import words_of
from azsim.speech.work import Work


def recognise_in_cloud(
    network: Network,
    features: Sequence[np.ndarray],
    utterances: Sequence[str],
    speech_end_ms: Sequence[int | None],
) -> list[Recognition]:
    """Recognise recordings with the float network; the device has no job to do, so ``Work.jobs`` is empty.

    Args:
        network: the fp32 network.
        features: log-mel of each recording, float32 ``(frames, 64)``.
        utterances: their names.
        speech_end_ms: their true ends of speech, None where it is not known.
    """
    recognitions = []
    found = FloatTransducer(network).recognise(features)
    for frames, name, given_ms, each in zip(features, utterances, speech_end_ms, found):
        audio_ms = (len(frames) - 1) * FRAME_SHIFT_MS + FRAME_LENGTH_MS
        unsaid = [float("nan")] * len(each.labels)  # the baseline sends words, no posteriors
        recognitions.append(conclude(network, name, frames, audio_ms, given_ms, each.labels, each.outputs, unsaid))
    return recognitions


def closed_by(recognition: Recognition, own: Work, pieces: Sequence[str]) -> Recognition:
    """What the cloud has heard when the device's end-point closes the request, later or earlier than its own would.

    Args:
        recognition: of the same utterance in the cloud.
        own: the device's work.
        pieces: of the cloud's network.
    """
    transcript, work = recognition.transcript, recognition.work
    kept = [step for step in transcript.label_steps if step < own.steps]
    times_ms = [step_end_ms(step, work.audio_ms) for step in kept]
    words = words_of(transcript.labels[: len(kept)], times_ms, [float("nan")] * len(kept), pieces)
    return Recognition(
        replace(transcript, words=words),
        replace(
            work,
            endpoint_ms=own.endpoint_ms,
            steps=own.steps,
            first_label_step=kept[0] if kept else -1,
            last_label_step=kept[-1] if kept else -1,
        ),
    )
