"""Where the elements of a state go: every element has a number, and what only moves them is followed by those numbers.

::

    state (2, 1, 128) ──Gather 0──> h ──LSTM──> Y_h ──┬──Concat──> next state: element k is element k of Y_h or Y_c
                      ──Gather 1──> c ──────────> Y_c ─┘           where the LSTM began from element k: it carries it
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field

import numpy as np

MOVING = frozenset(
    ("Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Slice", "Gather", "Transpose", "Concat", "Split")
)
"""Operators of ONNX that move elements and do nothing else to them."""


@dataclass
class Places:
    """Numbers of elements, by tensor.

    Attributes:
        of: tensor -> int64 array of its shape.
        follows: number of a state's element -> that of the element which an operator carries on in its place.
    """

    of: dict[str, np.ndarray] = field(default_factory=dict)
    follows: dict[int, int] = field(default_factory=dict)
    _next: int = 0
    _starts: list[int] = field(default_factory=list)
    _owners: list[str] = field(default_factory=list)
    _states: set[str] = field(default_factory=set)

    def new(self, shape: tuple[int, ...]) -> np.ndarray:
        """Numbers that nothing has yet."""
        size = int(np.prod(shape, dtype=np.int64))
        found = np.arange(self._next, self._next + size, dtype=np.int64).reshape(shape)
        self._next += size
        return found

    def add(self, name: str, shape: tuple[int, ...], state: bool = False) -> None:
        """Number the elements of a tensor, unless they have numbers."""
        if name not in self.of:
            self._starts.append(self._next)
            self._owners.append(name)
            self.of[name] = self.new(shape)
            if state:
                self._states.add(name)

    def owner(self, numbers: np.ndarray) -> str | None:
        """The tensor that all of these elements were numbered for; None where they are of several."""
        if not numbers.size:
            return None
        low, high = int(numbers.min()), int(numbers.max())
        at = bisect.bisect_right(self._starts, low) - 1
        if at < 0:
            return None
        name = self._owners[at]
        return name if high < self._starts[at] + self.of[name].size else None

    def state_of(self, numbers: np.ndarray) -> str | None:
        """The state that all of these elements belong to."""
        name = self.owner(numbers)
        return name if name in self._states else None

    def next_of(self, part: np.ndarray, state: str, source: str) -> np.ndarray:
        """The elements of the next value of a state that stand where these of it stand."""
        order = np.argsort(self.of[state], axis=None)
        own = self.of[state].ravel()[order]
        at = order[np.searchsorted(own, part.ravel())]
        return self.of[source].ravel()[at].reshape(part.shape)

    def carry(self, before: np.ndarray, after: np.ndarray) -> None:
        """An operator begins from ``before`` and leaves ``after`` to its next run."""
        self.follows |= dict(zip(before.ravel().tolist(), after.ravel().tolist(), strict=True))

    def is_carried(self, state: str, source: str) -> bool:
        """Whether operators carry all of a state themselves, in the order of its elements."""
        if source not in self.of or self.of[source].size != self.of[state].size:
            return False
        pairs = zip(self.of[state].ravel().tolist(), self.of[source].ravel().tolist(), strict=True)
        return all(self.follows.get(before) == after for before, after in pairs)
