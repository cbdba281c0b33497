"""Certificates, lattices and a server in a process of its own that the tests of the cloud share."""

from __future__ import annotations

import socket

from azsim.cloud.certificates import Certificates
from azsim.cloud.channel import ClientEnd
from azsim.cloud.server import LOOPBACK
from azsim.speech.lattice.lattice import Lattice


def lattice(utterance: str = "kitchen") -> Lattice:
    """Two words that might be others: the best path is ``turn on the lights``."""
    rows = [
        (0, 1, "turn", 300, 510, -0.1, -0.2),
        (0, 1, "burn", 300, 510, -0.1, -2.5),
        (1, 2, "on", 540, 690, -0.1, -0.1),
        (2, 3, "the", 720, 780, 0.0, -0.1),
        (3, 4, "lights", 810, 1200, -0.1, -0.5),
        (3, 4, "light", 810, 1170, -0.1, -0.75),
    ]
    return Lattice.of_edges(utterance, rows, {4: (-0.1, 0.0)})


OWN = ("turn", "on", "the", "lights")


class Second:
    """A reranker that always says the same."""

    def best(self, lattice: Lattice) -> tuple[str, ...]:
        return ("turn", "on", "the", "light")


class RawClient:
    """A device that sends what it likes."""

    def __init__(self, keys: Certificates, port: int, *, with_certificate: bool = True) -> None:
        self.socket = socket.create_connection((LOOPBACK, port), 20)
        self.end = ClientEnd(keys.device_context(with_certificate=with_certificate))
        self.end.receive()
        self.socket.sendall(self.end.take())
        while not self.end.is_ready:
            self.end.receive(self.socket.recv(1 << 16))
            self.socket.sendall(self.end.take())

    def ask(self, path: str, body: bytes) -> tuple[int, bytes]:
        stream = self.end.open(path)
        self.end.send(stream, body, end=True)
        self.socket.sendall(self.end.take())
        while True:
            for reply in self.end.receive(self.socket.recv(1 << 16)):
                return reply.status, reply.body
