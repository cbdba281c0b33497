"""What is heard: held-out recordings as they are, some of them in noise as well, and streams with a wake word.

::

    recordings   quiet; in noise: all of real people, every fourth synthetic one
    streams      wake word │ pause │ command
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from azsim.nn.rnnt.network import Network
from azsim.speech.bounds import SpeechBounds
from azsim.speech.conclusion import Recognition
from azsim.speech.features import FRAME_SHIFT_MS, STACKED_FRAMES
from azsim.speech.recogniser import Recogniser
from azsim.speech.wake_word import wake_outputs
from azsim.train.data import complete_folders, load_utterances, of_splits
from experiments.branching.cases import BranchingCase
from experiments.studies.hearing import REAL, SYNTHETIC, ListeningTest
from experiments.studies.streams import Streams

NOISY_EVERY = 4


@dataclass(frozen=True, kw_only=True)
class Material(ListeningTest):
    """Recordings or streams in one order, and where the command lies in each.

    Attributes:
        spans: first frame of the command, and the frame after its end.
    """

    spans: list[tuple[int, int]]

    @classmethod
    def of(cls, heard: ListeningTest, chosen: np.ndarray, spans: list[tuple[int, int]]) -> Material:
        """Some of what is heard; ``chosen``: bool, one each."""
        rows = np.flatnonzero(chosen).tolist()
        return cls(
            features=[heard.features[i] for i in rows],
            references=[heard.references[i] for i in rows],
            clusters=[heard.clusters[i] for i in rows],
            is_real=heard.is_real[rows],
            is_noisy=heard.is_noisy[rows],
            calibration=heard.calibration,
            wake_end_ms=[heard.wake_end_ms[i] for i in rows] if heard.wake_end_ms else [],
            spans=[spans[i] for i in rows],
        )

    def recognise(self, case: BranchingCase, recogniser: Recogniser, index: int, share: float) -> Recognition:
        """One of them, by a case."""
        network = recogniser.compressed.network
        wake_end_ms = self.wake_end_ms[index] if self.wake_end_ms else 0
        start, end = self.spans[index]
        command_step = wake_outputs(network, wake_end_ms) * network.steps_per_output or -(-start // STACKED_FRAMES)
        return recogniser.recognise(
            self.features[index],
            str(index),
            SpeechBounds(None, FRAME_SHIFT_MS * end),
            wake_end_ms=wake_end_ms,
            picker=case.picker(index, command_step, share),
        )


def recordings(corpus: Path) -> Material:
    """The held-out recordings; in noise those of real people and every fourth of the others.

    Raises:
        InputError: there are none.
    """
    heard = ListeningTest.load(corpus)
    splits = load_utterances(corpus, complete_folders(corpus))
    spans = 2 * [u.speech_frames for u in of_splits(splits, (*SYNTHETIC, *REAL))]
    kept = ~heard.is_noisy | heard.is_real | (np.arange(len(spans)) % NOISY_EVERY == 0)
    return Material.of(heard, kept, spans)


def streams(corpus: Path, network: Network) -> Material:
    """Streams with nobody else talking.

    Raises:
        InputError: there are none.
    """
    found = Streams.load(corpus, network)
    return Material.of(found.kept, ~found.kept.is_noisy, [each.speech_frames for each in found.utterances])
