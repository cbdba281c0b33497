"""What is heard: held-out recordings as they are, some of them in noise as well, and streams with a wake word.

::

    recordings   quiet; in noise: all of real people, every fourth synthetic one
    streams      wake word │ pause │ command
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from azsim.nn.network import Network
from azsim.speech.conclusion import Recognition
from azsim.speech.features import FRAME_SHIFT_MS, STACKED_FRAMES
from azsim.speech.recogniser import Recogniser
from azsim.speech.wake_word import wake_outputs
from azsim.train.data import complete_folders, load_utterances
from experiments.branches.cases import Case
from experiments.studies.hearing import REAL, SYNTHETIC, Listening
from experiments.studies.streams import Streams

NOISY_EVERY = 4


@dataclass(frozen=True)
class Material:
    """Recordings or streams in one order.

    Attributes:
        features: log-mel, float32 ``(frames, 64)`` each.
        references, clusters, is_real, is_noisy: as in `experiments.studies.hearing.Listening`.
        calibration: features of training material of the same kind.
        spans: first frame of the command, and the frame after its end.
        wake_end_ms: where a wake word ends, 0 without one.
    """

    features: list[np.ndarray]
    references: list[str]
    clusters: list[str]
    is_real: np.ndarray
    is_noisy: np.ndarray
    calibration: list[np.ndarray]
    spans: list[tuple[int, int]]
    wake_end_ms: list[int]

    def recognise(self, case: Case, recogniser: Recogniser, index: int, share: float) -> Recognition:
        """One of them, by a case."""
        network, wake_end_ms = recogniser.compressed.network, self.wake_end_ms[index]
        start, end = self.spans[index]
        command_step = wake_outputs(network, wake_end_ms) * network.steps_per_output or -(-start // STACKED_FRAMES)
        return recogniser.recognise(
            self.features[index],
            str(index),
            FRAME_SHIFT_MS * end,
            wake_end_ms=wake_end_ms,
            picker=case.picker(index, command_step, share),
        )


def recordings(corpus: Path) -> Material:
    """The held-out recordings; in noise those of real people and every fourth of the others.

    Raises:
        InputError: there are none.
    """
    heard = Listening.load(corpus)
    splits = load_utterances(corpus, complete_folders(corpus))
    spans = 2 * [u.speech_frames for split in (*SYNTHETIC, *REAL) for u in splits.get(split, [])]
    kept = ~heard.is_noisy | heard.is_real | (np.arange(len(spans)) % NOISY_EVERY == 0)
    return _material(heard, heard.clusters, np.flatnonzero(kept).tolist(), spans, [0] * len(spans))


def streams(corpus: Path, network: Network) -> Material:
    """Streams with nobody else talking.

    Raises:
        InputError: there are none.
    """
    found = Streams.load(corpus, network)
    chosen = np.flatnonzero(~found.kept.is_noisy).tolist()
    spans = [each.speech_frames for each in found.utterances]
    return _material(found.kept, found.clusters, chosen, spans, found.kept.wake_end_ms)


def _material(
    heard: Listening, clusters: list[str], rows: list[int], spans: list[tuple[int, int]], wakes: list[int]
) -> Material:
    return Material(
        [heard.features[i] for i in rows],
        [heard.references[i] for i in rows],
        [clusters[i] for i in rows],
        heard.is_real[rows],
        heard.is_noisy[rows],
        heard.calibration,
        [spans[i] for i in rows],
        [wakes[i] for i in rows],
    )
