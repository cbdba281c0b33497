"""A recogniser's encoder outputs for stored utterances, computed once on the device's own integers and kept.

::

    CORPUS/names-00/features.f16 ──IntegerModel──> encoded-DIGEST.npy, int16 (outputs of all utterances, J), Q4.11

A frozen recogniser says the same in every epoch; so training what is added to it costs little.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from azsim.compress import compress
from azsim.errors import InputError
from azsim.nn.fixed_point import GATE_BITS
from azsim.nn.rnnt.integer_rnnt import Encoder, IntegerModel
from azsim.nn.rnnt.network import Network
from azsim.output_file import replacing
from azsim.speech.frontend import FeatureQuantiser, stacked
from azsim.train.corpus.store import Entry, is_complete, read_features, read_index


@dataclass(frozen=True)
class EncodedSplit:
    """A split's utterances.

    Attributes:
        entries: of the index.
        firsts: first row of each utterance in ``outputs``, and one more at the end.
        outputs: int16 ``(n, J)``, Q4.11.
    """

    entries: tuple[Entry, ...]
    firsts: np.ndarray
    outputs: np.ndarray

    def values(self, index: int) -> np.ndarray:
        """Outputs of one utterance, float32 ``(t, J)``."""
        own = self.outputs[self.firsts[index] : self.firsts[index + 1]]
        return np.asarray(own, np.float32) * np.float32(2.0**-GATE_BITS)


def all_encoded(corpus: Path, pattern: str, network: Network) -> EncodedSplit:
    """What the int8 encoder makes of all complete folders of a corpus whose names match, in order.

    Raises:
        InputError: there is none.
    """
    folders = sorted(each for each in corpus.glob(pattern) if is_complete(each))
    if not folders:
        raise InputError(f"{corpus}: holds no {pattern}; python -m azsim.train.corpus names --out {corpus} makes them")
    parts = [encoded_of(each, network) for each in folders]
    counts = np.concatenate([np.diff(part.firsts) for part in parts])
    entries = tuple(entry for part in parts for entry in part.entries)
    outputs = np.concatenate([np.asarray(part.outputs) for part in parts])
    return EncodedSplit(entries, np.concatenate([[0], np.cumsum(counts)]), outputs)


def encoded_of(folder: Path, network: Network) -> EncodedSplit:
    """What the int8 encoder makes of a folder's utterances; computed where it is not there yet.

    Raises:
        InputError: the folder holds no features.
    """
    if not is_complete(folder):
        raise InputError(f"{folder}: holds no features; python -m azsim.train.corpus names --out {folder.parent}")
    entries = tuple(read_index(folder))
    group = network.stack * network.steps_per_output
    counts = [-(-int(entry["frames"]) // group) for entry in entries]
    firsts = np.concatenate([[0], np.cumsum(counts)])
    file = folder / f"encoded-{network.digest[:12]}.npy"
    if not file.exists():
        made = _computed(folder, entries, network)
        with replacing(file) as out:
            np.save(out, made)
    outputs = np.load(file, mmap_mode="r")
    if len(outputs) != firsts[-1]:
        raise InputError(f"{file}: {len(outputs)} outputs: must be {firsts[-1]}, as the index says; remove it")
    return EncodedSplit(entries, firsts, outputs)


def _computed(folder: Path, entries: tuple[Entry, ...], network: Network) -> np.ndarray:
    model = IntegerModel.of(compress(network, weight_bits=8, codec="raw"))
    quantise = FeatureQuantiser(network, model.feature_scale)
    features = read_features(folder)
    made = []
    for entry in entries:
        first = int(entry["start_frame"])
        frames = quantise(features[first : first + int(entry["frames"])].astype(np.float32))
        made.append(Encoder(model).push(stacked(frames, network.stack, network.steps_per_output)))
    return np.concatenate(made)
