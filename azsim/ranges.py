"""Ranges of values that files of any kind hold: devices, experiments, training recipes."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

Few = Annotated[int, Meta(ge=1, le=65_535)]
NonNegative = Annotated[float, Meta(ge=0, le=1e9)]
Share = Annotated[float, Meta(ge=0, le=1)]
Zeros = Annotated[float, Meta(ge=0, lt=1)]
"""Share of a matrix's weights that are zero; something has to be left."""
Bits = Annotated[int, Meta(ge=1, le=8)]
"""Of a weight."""
