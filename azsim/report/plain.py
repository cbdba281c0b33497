"""Results as what JSON can hold: plain values under keys that carry their units."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np

from azsim.report.results import ConfigurationResult


def rows_to_json(rows: Sequence[ConfigurationResult]) -> list[dict[str, object]]:
    """Rows as plain JSON values with unit-suffixed keys; what is not known is null, and so is what is not finite."""
    return [{key: plain(value) for key, value in dataclasses.asdict(row).items()} for row in rows]


def plain(value: object) -> object:
    """``value`` with numpy scalars, tuples, mappings and non-finite floats made into what JSON can hold."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic | np.ndarray):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
