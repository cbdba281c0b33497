"""A large object in one line for a prompt, and in a small table for a notebook."""

from __future__ import annotations

import html
from collections.abc import Mapping
from numbers import Integral, Real

LONGEST_TEXT = 60


class Summarised:
    """An object that is shown by a few of its facts and not by all that it holds."""

    __slots__ = ()

    def facts(self) -> Mapping[str, object]:
        """What it is shown by: a name with the unit in it -> text, number, or a few numbers."""
        raise NotImplementedError

    def __repr__(self) -> str:
        said = (f"{name}={_shown(value, quoted=True)}" for name, value in self.facts().items())
        return f"<{type(self).__name__} {' '.join(said)}>"

    def _repr_html_(self) -> str:
        """The table that a notebook shows."""
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name.replace('_', ' '))}</th>"
            f"<td style='text-align:left'>{html.escape(_shown(value, quoted=False))}</td></tr>"
            for name, value in self.facts().items()
        )
        return f"<table><caption>{html.escape(type(self).__name__)}</caption>{rows}</table>"


def _shown(value: object, quoted: bool) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool) or (isinstance(value, Integral) and quoted):
        return str(value)
    if isinstance(value, Integral):
        return f"{value:,}"
    if isinstance(value, Real):
        return f"{float(value):.4g}"
    if isinstance(value, (tuple, list)):
        return "x".join(_shown(one, quoted) for one in value)
    text = "".join(letter if letter.isprintable() else "?" for letter in str(value))
    text = text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 3]}..."
    return repr(text) if quoted and not text.isidentifier() else text
