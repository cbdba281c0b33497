"""The cloud's recogniser: the uncompressed network in float32, under the same search and end-point rule."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from azsim.nn.float_rnnt import FloatTransducer
from azsim.nn.network import Network
from azsim.speech.endpoint import end_point, estimated_speech_end_ms, step_end_ms
from azsim.speech.features import FRAME_LENGTH_MS, FRAME_SHIFT_MS, STEP_MS
from azsim.speech.recogniser import Recognition
from azsim.speech.transcript import Transcript
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
    every = network.time_reduction if network.time_reduction_after >= 0 else 1
    recognitions = []
    found = FloatTransducer(network).recognise(features)
    for frames, name, given_ms, labels in zip(features, utterances, speech_end_ms, found):
        audio_ms = (len(frames) - 1) * FRAME_SHIFT_MS + FRAME_LENGTH_MS
        steps = -(-len(frames) // (network.stack * every)) * every
        label_steps = tuple(every * output + every - 1 for output in labels.outputs)
        end = end_point(label_steps, steps, audio_ms)
        times_ms = [step_end_ms(step, audio_ms) for step in label_steps]
        unsaid = [float("nan")] * len(times_ms)  # the baseline sends words, no confidences
        whole = words_of(labels.labels, times_ms, unsaid, network.pieces)
        kept = words_of(labels.labels[: end.labels], times_ms[: end.labels], unsaid[: end.labels], network.pieces)
        work = Work(
            utterance=name,
            audio_ms=audio_ms,
            speech_end_ms=estimated_speech_end_ms(frames, audio_ms) if given_ms is None else given_ms,
            speech_end_estimated=given_ms is None,
            endpoint_ms=end.time_ms,
            first_label_step=label_steps[0] if end.labels else -1,
            last_label_step=label_steps[end.labels - 1] if end.labels else -1,
            steps=end.steps,
            step_ms=STEP_MS,
            jobs=(),
        )
        text = " ".join(word.text for word in whole)
        recognitions.append(Recognition(Transcript(kept, labels.labels, label_steps, text), work))
    return recognitions
