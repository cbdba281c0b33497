"""Words that are shown before a turn is over, and how often such words are taken back.

::

    what is shown    "turn"   "turn of"   "turn off the"         shown: 1, 1, 2 words
                                       "of" becomes "off": 1 word taken back, which more letters completed

**Source:** instability: words later taken back over words shown (unstable partial words, Shangguan et al. 2020,
arXiv:2006.01416).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Partial:
    """What was shown from a moment on.

    Attributes:
        time_ms: of the sound, when a device that computes in no time would know it.
        text: the words.
    """

    time_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Stability:
    """How much was shown and taken back.

    Attributes:
        shown: words that appeared, an appearing in place of another counted too.
        taken_back: words that went or became others.
        completed: of these, those that only grew by letters.
    """

    shown: int = 0
    taken_back: int = 0
    completed: int = 0

    @property
    def instability(self) -> float:
        """Words taken back over words shown; 0 where nothing was shown."""
        return self.taken_back / self.shown if self.shown else 0.0

    def __add__(self, other: Stability) -> Stability:
        return Stability(
            self.shown + other.shown, self.taken_back + other.taken_back, self.completed + other.completed
        )


def stability(texts: Iterable[str]) -> Stability:
    """Of what was shown one after another; the last is final."""
    shown = taken_back = completed = 0
    before: list[str] = []
    for text in texts:
        now = text.split()
        kept = 0
        while kept < min(len(before), len(now)) and before[kept] == now[kept]:
            kept += 1
        shown += len(now) - kept
        taken_back += len(before) - kept
        replaced = zip(before[kept:], now[kept:], strict=False)
        completed += sum(new != old and new.startswith(old) for old, new in replaced)
        before = now
    return Stability(shown, taken_back, completed)
