"""The baseline's row: the recording as Opus packets over the radio, and the words of the cloud's networks.

::

    recording ──libopus──> packets ──radio, TLS, HTTP/2──> decoder ──> streaming network: end-point ──> teacher: words

Where there is no libopus the sound goes up in packets of a constant size and is heard as it is; the row says so.
"""

from __future__ import annotations

import warnings
import zlib
from dataclasses import replace

import numpy as np

from azsim.cloud.opus import opus_version
from azsim.cloud.recogniser import recognise_in_cloud
from azsim.cloud.second_pass import heard_again
from azsim.cloud.streaming import stream_audio
from azsim.cloud.traffic import EncodedSpeech, answer_bytes, encoded_speech
from azsim.compare.setup import Setup, network
from azsim.compare.speech_set import Sender, Utterance
from azsim.compare.trained import TrainedOutcome, result_of
from azsim.devices.board_spec import NetworkSpec
from azsim.errors import AzsimWarning, InputError, WorkError, located
from azsim.report.results import ConfigurationSize
from azsim.soc.downstream import follow
from azsim.speech.features import log_mel


def sender_of(spec: NetworkSpec, device_file: str, seed: int) -> Sender | None:
    """What makes packets of recordings as a device's encoder does; None, and a warning, where there is no libopus.

    Args:
        spec: rate, length of a packet, and how it is encoded.
        device_file: that messages name.
        seed: of the noise of the room after each recording.

    Raises:
        InputError: Opus has no such rate or length of a packet.
    """
    try:
        opus_version()
    except (WorkError, OSError) as error:
        said = f"the cloud's row: {error}; its sound goes up in packets of a constant size, and is heard as it is"
        warnings.warn(said, AzsimWarning, stacklevel=2)
        return None

    def send(sound: np.ndarray, name: str) -> EncodedSpeech:
        with located(f"{device_file}: network"):
            return encoded_speech(spec, sound, np.random.default_rng([seed, zlib.crc32(name.encode())]))

    return send


def in_the_cloud(setup: Setup) -> TrainedOutcome:
    """Audio goes up; a streaming network in float32 ends the request, and the cloud's own says what it was."""
    experiment, spec = setup.experiment, setup.device.network
    streaming, teacher = network(experiment.model), network(experiment.cloud.model)
    features = [_heard(utterance) for utterance in setup.utterances]
    bounds = [utterance.bounds for utterance in setup.utterances]
    first = recognise_in_cloud(
        streaming,
        features,
        [utterance.name for utterance in setup.utterances],
        bounds,
        [utterance.audio_ms for utterance in setup.utterances],
        experiment.ends.silence_ms,
        experiment.ends.shipped(),
    )
    results = []
    for index, (utterance, recognition) in enumerate(
        zip(setup.utterances, heard_again(teacher, features, first, bounds), strict=True)
    ):
        words = recognition.transcript.text.split()
        timeline = stream_audio(
            setup.device,
            recognition.work,
            music=setup.music,
            seed=experiment.seed + index,
            traffic=None if utterance.sent is None else utterance.sent.traffic(spec.packets_per_write),
            answer_bytes=answer_bytes(words),
            second_pass_ms=spec.cloud_second_pass_ms,
        )
        told = follow([(timeline.elapsed_ps, "commit")], experiment.downstream) if timeline.latency else None
        results.append(
            result_of(experiment.cloud.name, utterance, recognition, replace(timeline, downstream=told))
        )
    configuration = ConfigurationSize(
        name=experiment.cloud.name,
        codec=None,
        weight_bits=32,
        sparsity=0.0,
        model_bytes=teacher.fp32_bytes,
        bits_per_weight=32.0,
        share_of_fp32=1.0,
        note=_note(setup),
    )
    return TrainedOutcome(configuration=configuration, results=tuple(results))


def _heard(utterance: Utterance) -> np.ndarray:
    """Log-mel of what the server hears."""
    if utterance.sent is None:
        return utterance.features
    frames = log_mel(utterance.sent.heard())
    if not len(frames):
        raise InputError(f"{utterance.name}: no whole frame for the cloud to hear")
    return frames


def _note(setup: Setup) -> str:
    """What the row is."""
    spec, model = setup.device.network, setup.experiment.cloud.model.rpartition("/")[2]
    if all(utterance.sent is None for utterance in setup.utterances):
        return f"{model} in the cloud hears the sound as it is: there is no libopus here to encode it"
    return f"{model} in the cloud; {opus_version()} at {spec.upload_kbps:g} kb/s goes up"
