"""Ranges of the values in a device file, and the words that stand for choices."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from msgspec import Meta

from azsim.errors import InputError, nearest

Count = Annotated[int, Meta(ge=1, le=2**40)]
Wait = Annotated[int, Meta(ge=0, le=65_535)]
Natural = Annotated[int, Meta(ge=0, le=2**40)]
Positive = Annotated[float, Meta(ge=1e-6, le=1e9)]
ChipClock = Annotated[float, Meta(ge=1e-3, le=100_000)]
CodeRate = Annotated[float, Meta(ge=0.001, le=65_535)]
"""Values per cycle, a fraction if one takes several cycles."""
CoreClock = Annotated[float, Meta(ge=1, le=100_000)]
DecodeClock = Annotated[float, Meta(ge=0, le=100_000)]
Milliseconds = Annotated[int, Meta(ge=1, le=60_000)]
Patience = Annotated[int, Meta(ge=0, le=3_600_000)]
"""Milliseconds that somebody may wait, up to an hour."""
Period = Annotated[float, Meta(ge=0.01, le=1e6)]
"""Milliseconds from one event to the next: what comes more often would be all that a simulation plays."""
Microseconds = Annotated[float, Meta(ge=0, le=1e6)]
CoreCycles = Annotated[int, Meta(ge=0, le=10**9)]
"""Of one small job on a core: up to a second at 1 GHz."""
CyclesEach = Annotated[float, Meta(ge=0, le=10_000)]
"""Per byte, element or weight."""
LinkRate = Annotated[float, Meta(ge=1e-3, le=1e6)]
FlashRate = Annotated[float, Meta(ge=0.1, le=1e6)]
SkipMode = Literal["none", "weights", "activations", "both"]
Residency = Literal["streamed", "compressed", "decoded"]
Preemption = Literal["never", "layer", "tile"]
Priority = Annotated[int, Meta(ge=0, le=15)]
Fidelity = Literal["analytic", "burst", "bank"]
DramPart = Literal["lpddr4-3200-x16", "lpddr4-3200-x16-4gb", "lpddr4-4266-2x16", "lpddr3-1600-x32"]
Dataflow = Literal["weight-stationary", "output-stationary", "input-stationary"]


def check_choice(value: object, choices: Any, where: str) -> None:
    """Refuse a word that is none of a ``Literal``'s.

    Raises:
        InputError: it is not; ``where`` says what it was given for.
    """
    words = get_args(choices)
    if value not in words:
        raise InputError(f"{where} = {value!r}: must be one of {', '.join(map(repr, words))}{nearest(value, words)}")
