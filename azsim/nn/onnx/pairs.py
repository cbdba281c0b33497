"""Which outputs of a model are its state for the next step: named by the user, or recognised by their names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from azsim.errors import InputError, nearest

_MARKS = re.compile(
    r"(?:(?<=[_./:\-])|^)(?:input|output|in|out|new|next|old|prev|previous|past|present|cur|current|n|0|1)(?=[_./:\-]|$)"
)
_CAMEL = re.compile(r"(?:In|Out|Next|Prev|New|Old|N)$")
_STATE_LIKE = re.compile(r"state|hidden|cell|cache|mem|context|ctx|past|buffer|^[hc][0n]?$|^[hc]_|_[hc]$|rnn|lstm|gru")


def state_pairs(
    inputs: Mapping[str, tuple[int, ...]], outputs: Sequence[str], asked: Mapping[str, str]
) -> dict[str, str]:
    """State input -> the output that is its value for the next step.

    Args:
        inputs: float inputs with their shapes.
        outputs: of the model.
        asked: by the user; where there is one, nothing else is a state.

    Raises:
        InputError: a name is not there, or is asked for twice.
    """
    if asked:
        for state, source in asked.items():
            if state not in inputs:
                raise InputError(f"state {state}={source}: no input {state!r}{nearest(state, inputs)}")
            if source not in outputs:
                raise InputError(f"state {state}={source}: no output {source!r}{nearest(source, outputs)}")
        if len(set(asked.values())) < len(asked):
            raise InputError("state: an output is the next value of one state only")
        return dict(asked)
    by_stem: dict[str, list[str]] = {}
    for name in outputs:
        by_stem.setdefault(_stem(name), []).append(name)
    found = {}
    for name in inputs:
        sources = by_stem.get(_stem(name), [])
        alike = [each for each in inputs if _stem(each) == _stem(name)]
        if _stem(name) and _STATE_LIKE.search(name.lower()) and len(sources) == len(alike) == 1:
            found[name] = sources[0]
    return found


def _stem(name: str) -> str:
    """A name without what tells the state before from the one after: ``state`` of ``stateN`` and ``state_in``."""
    bare = _CAMEL.sub("", name).lower()
    bare = _MARKS.sub("", bare)
    bare = re.sub(r"^([hc])[0n]$", r"\1", bare)
    return re.sub(r"[_./:\-]+", "_", bare).strip("_")
