"""What the socket saw of a recording, with the local-processing setting on and off, and what of it is sound."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from azsim.cloud.background import serving
from azsim.cloud.certificates import Certificates
from azsim.cloud.client import CloudClient
from azsim.cloud.opus import OpusChoice, encode_speech
from azsim.cloud.server import LOOPBACK
from azsim.cloud.service import Service
from azsim.errors import PrivacyError
from azsim.speech.lattice.lattice import Lattice
from experiments.uplink.leaks import found_in

_READ_BYTES = 1 << 16


@dataclass(frozen=True)
class Scan:
    """Recordings under one setting.

    Attributes:
        local_processing: the setting.
        recordings: whose lattices went up, and whose sound was to.
        refused: of the attempts to send sound.
        plain_bytes: before encryption, up.
        wire_bytes: on the socket, both ways.
        found_in_plain, found_on_wire: recordings of which some 20 ms are there, in any form.
        forms: in which.
    """

    local_processing: bool
    recordings: int
    refused: int
    plain_bytes: int
    wire_bytes: int
    found_in_plain: int
    found_on_wire: int
    forms: str


class Wire:
    """A relay between device and server that keeps all bytes of both directions; for one connection.

    Args:
        port: of the server.

    Attributes:
        port: for the device.
        seen: bytes so far.
    """

    def __init__(self, port: int) -> None:
        self._listening = socket.create_server((LOOPBACK, 0))
        self.port = self._listening.getsockname()[1]
        self.seen = bytearray()
        self._to = port
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        device, _ = self._listening.accept()
        server = socket.create_connection((LOOPBACK, self._to))
        threading.Thread(target=self._pass, args=(server, device), daemon=True).start()
        self._pass(device, server)

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        while data := source.recv(_READ_BYTES):
            self.seen += data
            target.sendall(data)


def scans(keys: Certificates, sounds: Sequence[np.ndarray], lattices: Sequence[Lattice]) -> list[Scan]:
    """Both settings: each recording's lattice goes up, and then its sound, if it may."""
    return [_scan(keys, sounds, lattices, setting) for setting in (True, False)]


def _scan(keys: Certificates, sounds: Sequence[np.ndarray], lattices: Sequence[Lattice], setting: bool) -> Scan:
    refused, forms, sizes = 0, set[str](), np.zeros(2, np.int64)
    counts = {"plain": 0, "wire": 0}
    for sound, lattice in zip(sounds, lattices, strict=True):
        plain = bytearray()
        with serving(keys, Service(None, lambda samples: ())) as (port, _):
            wire = Wire(port)
            with CloudClient(keys, wire.port, local_processing=setting, tap=plain.extend) as client:
                client.rerank(lattice)
                try:
                    client.recognise(list(encode_speech(sound, OpusChoice())), 20)
                except PrivacyError:
                    refused += 1
        sizes += len(plain), len(wire.seen)
        for where, data in (("plain", bytes(plain)), ("wire", bytes(wire.seen))):
            found = found_in(data, sound)
            counts[where] += bool(found)
            forms |= found
    return Scan(
        setting, len(sounds), refused, int(sizes[0]), int(sizes[1]), counts["plain"], counts["wire"],
        ", ".join(sorted(forms)),
    )  # fmt: skip
