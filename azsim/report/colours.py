"""Every colour of the figures, on light and on dark paper; the page swaps one for the other.

A figure is drawn in the light colours. On the page each of them becomes a CSS variable, whose value follows the
reader's choice of light or dark. Colours that belong to no pair stay as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pair:
    """A colour on light and on dark paper, hexadecimal, lower case."""

    light: str
    dark: str


INK, SOFT, LINE, STRIP, PAPER = "#1b1b1b", "#595959", "#d4d4d4", "#ededed", "#ffffff"
ALERT = "#c03a00"
NEUTRALS = {
    "ink": Pair(INK, "#e8e8e8"),
    "soft": Pair(SOFT, "#a8a8a8"),
    "line": Pair(LINE, "#3d4147"),
    "strip": Pair(STRIP, "#26292e"),
    "paper": Pair(PAPER, "#16181b"),
    "alert": Pair(ALERT, "#ff8a57"),
}
SERIES = (
    Pair("#0072b2", "#4ea8de"),
    Pair("#d98200", "#f2b233"),
    Pair("#00916a", "#2fc79b"),
    Pair("#7b3fa0", "#b98ae0"),
    Pair("#d55e00", "#ff8c42"),
    Pair("#cc79a7", "#e79dc6"),
    Pair("#4da6d9", "#8fd3f7"),
    Pair("#7d6608", "#cdb44a"),
    Pair("#404040", "#cfcfcf"),
    Pair("#a8184a", "#f0628f"),
    Pair("#007f87", "#38c4cc"),
    Pair("#3b4cc0", "#8f9dff"),
    Pair("#6f9400", "#a9d33b"),
    Pair("#9c5a2d", "#d69a6c"),
    Pair("#8c8c8c", "#9a9a9a"),
    Pair("#e5539b", "#ff9fce"),
)
"""Sixteen that differ; the first seven are told apart by readers who do not see red and green as others do."""
_HEX = re.compile(r"#[0-9a-f]{6}\b")


def _pairs() -> dict[str, Pair]:
    """Name of the variable -> pair."""
    return {f"fig-{name}": pair for name, pair in NEUTRALS.items()} | {
        f"fig-{index}": pair for index, pair in enumerate(SERIES)
    }


def variables(dark: bool) -> str:
    """The CSS declarations of all variables."""
    return " ".join(f"--{name}: {pair.dark if dark else pair.light};" for name, pair in _pairs().items())


def with_variables(tag: str) -> str:
    """A tag of an SVG whose colours are variables."""
    names = {pair.light: name for name, pair in _pairs().items()}
    return _HEX.sub(lambda found: f"var(--{names[found[0]]})" if found[0] in names else found[0], tag)
