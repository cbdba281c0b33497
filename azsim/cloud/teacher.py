"""The cloud's recogniser behind the server: sound in, words of the whole of it out."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from azsim.cloud.recogniser import recognise_in_cloud
from azsim.compress.stored import load_network
from azsim.errors import InputError
from azsim.nn.rnnt.network import Network
from azsim.speech.features import log_mel

TEACHER = "rnnt-teacher"
"""Of the shipped networks the one with the fewest word errors; no device could run it, since it looks ahead."""


class Teacher:
    """A float network that is read when it is first asked.

    Args:
        name: of the network, or its path.
    """

    def __init__(self, name: str = TEACHER) -> None:
        self._name = name

    @cached_property
    def network(self) -> Network:
        """The network.

        Raises:
            InputError: there is none of that name, or it is no recogniser.
        """
        found = load_network(self._name)
        if not isinstance(found, Network):
            raise InputError(f"{self._name}: no recogniser; the cloud's must be one")
        return found

    def __call__(self, samples: np.ndarray) -> tuple[str, ...]:
        """Words of sound: float32 ``(n,)`` at 16 kHz."""
        frames = log_mel(samples)
        if not len(frames):
            return ()
        (heard,) = recognise_in_cloud(self.network, [frames], ["request"])
        return tuple(heard.transcript.text_whole.split())
