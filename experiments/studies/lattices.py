"""Lattices of recordings as the device's beam search makes them, each with its recognition and reference."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from azsim.compress import compress
from azsim.compress.stored import load_network
from azsim.speech.conclusion import Recognition
from azsim.speech.recogniser import Recogniser
from azsim.speech.search.choice import SearchChoice


@dataclass(frozen=True)
class LatticeOutcome:
    """One recording.

    Attributes:
        name: of it.
        group: the set it is reported in.
        speaker: who said it.
        reference: its words.
        recognition: by the beam search, with its lattice.
    """

    name: str
    group: str
    speaker: str
    reference: str
    recognition: Recognition


Recorded = tuple[str, str, str, str, np.ndarray]
"""Name, group, speaker, reference, log-mel features ``(frames, 64)``."""


def heard_by_beam(model: str, recordings: Iterable[Recorded], choice: SearchChoice) -> list[LatticeOutcome]:
    """The recordings, recognised from the int8 weights of a network."""
    small = compress(load_network(model), weight_bits=8, codec="raw")
    recogniser = Recogniser(small, choice.maker(), lattices=choice)
    return [
        LatticeOutcome(name, group, speaker, reference, recogniser.recognise(features, name))
        for name, group, speaker, reference, features in recordings
    ]
