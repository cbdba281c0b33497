"""Memory traffic that comes again and again: of a camera, a display, an application, a stage of the pipeline."""

from __future__ import annotations

from dataclasses import dataclass

from azsim.arbitration.clients import BOARD, Client
from azsim.errors import InputError


@dataclass(frozen=True, slots=True)
class Traffic:
    """A client of the memory that asks for the same again and again.

    Attributes:
        client: whose port and priority it has: a row of `azsim.arbitration.BOARD`, or a client of its own.
        size_bytes: of each request.
        period_ps: from one to the next; what cannot be served in time comes late, and nothing is left out.
        write: into the memory.

    Raises:
        InputError: there is no such row, or nothing is asked for, or no time is between requests.
    """

    client: int | Client
    size_bytes: int
    period_ps: int
    write: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.client, int) and not 0 <= self.client < len(BOARD):
            raise InputError(f"traffic: client {self.client}: must be 0 to {len(BOARD) - 1}, or a client of its own")
        if self.size_bytes < 1 or self.period_ps < 1:
            raise InputError(
                f"traffic: {self.size_bytes} bytes every {self.period_ps} ps: both must be whole numbers above 0"
            )
