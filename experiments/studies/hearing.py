"""What a trained network makes of the held-out recordings: synthetic and real, as recorded and in noise.

::

    run/final.safetensors ── calibrate, compress ── integer engine ──> word errors per recording (kept beside the run)
    a teacher, or codec None ───────────────────── float
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from azsim.cloud.recogniser import recognise_in_cloud
from azsim.compress import compress
from azsim.compress.stored import load_network
from azsim.errors import InputError
from azsim.nn.rnnt.network import Network
from azsim.report.wer import count_errors
from azsim.speech.recogniser import recognise_many
from azsim.train.augment import add_noise
from azsim.train.calibrate import calibrate
from azsim.train.corpus.clips import MEASURED
from azsim.train.data import StoredUtterance, complete_folders, load_utterances, of_splits
from azsim.train.publish import calibration_features

SYNTHETIC = ("dev-seen", "dev-unseen", "test-seen", "test-unseen")
REAL = ("real-dev",)
SNR_DB = (5.0, 15.0)
SEED = 7


@dataclass(frozen=True)
class ListeningTest:
    """Held-out recordings, every one twice: as it is and in noise that training did not hear, 5 to 15 dB below.

    Attributes:
        features: log-mel, float32 ``(frames, 64)`` each.
        references: what is said.
        clusters: speaker of each real recording, empty for a synthetic one (see `azsim.report.wer`).
        is_real, is_noisy: bool, one each.
        calibration: features of training recordings.
        wake_end_ms: where the wake word ends that begins each recording; empty where none does.
    """

    features: list[np.ndarray]
    references: list[str]
    clusters: list[str]
    is_real: np.ndarray
    is_noisy: np.ndarray
    calibration: list[np.ndarray]
    wake_end_ms: list[int] = field(default_factory=list)

    @cached_property
    def digest(self) -> str:
        """Of all that is heard, in hexadecimal."""
        return digest((*self.features, np.array(self.wake_end_ms), *self.calibration))

    @classmethod
    def load(cls, corpus: Path) -> ListeningTest:
        """Read a corpus.

        Raises:
            InputError: it has no held-out recordings, or no noise to measure in.
        """
        splits = load_utterances(corpus, complete_folders(corpus))
        heard = of_splits(splits, (*SYNTHETIC, *REAL))
        if not heard:
            raise InputError(f"{corpus}: no utterances of {', '.join((*SYNTHETIC, *REAL))}")
        rng = np.random.default_rng(SEED)
        noises = [u.features for u in splits.get(MEASURED, [])]
        if not noises:
            raise InputError(f"{corpus}: no clips of {MEASURED}; make them: python -m azsim.train.corpus noise")
        quiet = [np.asarray(u.features, np.float32) for u in heard]
        noisy = [_noisy(each, noises, rng) for each in quiet]
        return cls(
            features=quiet + noisy,
            references=2 * [u.line.text for u in heard],
            clusters=2 * [_cluster(u) for u in heard],
            is_real=np.array(2 * [u.is_real for u in heard]),
            is_noisy=np.repeat([False, True], len(heard)),
            calibration=calibration_features(splits),
        )


def digest(sounds: Iterable[np.ndarray]) -> str:
    """Of arrays, their shapes and values, in hexadecimal."""
    found = hashlib.sha256()
    for sound in sounds:
        found.update(repr(sound.shape).encode())
        found.update(np.ascontiguousarray(sound))
    return found.hexdigest()


def _noisy(features: np.ndarray, noises: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    noise = noises[int(rng.integers(len(noises)))]
    return add_noise(features, noise, float(rng.uniform(*SNR_DB)), rng).astype(np.float32)


def _cluster(utterance: StoredUtterance) -> str:
    return utterance.line.speaker if utterance.is_real else ""


@dataclass(frozen=True)
class StudyTranscripts:
    """What was heard, its errors, int64 ``(recordings, 2)`` as `count_errors` gives them, and the network's weight."""

    texts: list[str]
    counts: np.ndarray
    weights: int
    model_bytes: int


def hear(
    path: Path,
    codec: str | None,
    weight_bits: int,
    sparsity: float,
    listening: ListeningTest,
    kept_in: Path | None = None,
) -> StudyTranscripts:
    """What a network hears as it is on the device, or in float without a codec; kept, beside its file by default."""
    network = load_network(path)
    settings = f"texts {network.digest} {codec} {weight_bits} {sparsity} {listening.digest}"
    kept = (kept_in or path.parent) / f"heard-{hashlib.sha256(settings.encode()).hexdigest()[:16]}.npz"
    if kept.exists():
        with np.load(kept) as found:
            texts, size = found["texts"].tolist(), int(found["model_bytes"])
    else:
        texts, size = transcribed(network, codec, weight_bits, sparsity, listening)
        np.savez(kept, texts=np.array(texts), model_bytes=size)
    return StudyTranscripts(texts, count_errors(listening.references, texts), network.weights, size)


def transcribed(
    network: Network, codec: str | None, weight_bits: int, sparsity: float, listening: ListeningTest
) -> tuple[list[str], int]:
    """Words of recordings, and the bytes of the network that heard them."""
    names = [str(i) for i in range(len(listening.features))]
    if codec is None:
        found = recognise_in_cloud(network, listening.features, names)
        size = network.fp32_bytes
    else:
        if not network.activation_scales:
            network = replace(network, activation_scales=calibrate(network, listening.calibration))
        small = compress(network, codec=codec, weight_bits=weight_bits, sparsity=sparsity)
        wake_end_ms = listening.wake_end_ms or None
        found = recognise_many(small, listening.features, utterances=names, wake_end_ms=wake_end_ms)
        size = small.model_bytes
    return [each.transcript.text_whole for each in found], size
