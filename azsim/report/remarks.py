"""What makes recordings hard to recognise, and which they are, in a few words."""

from __future__ import annotations

from collections.abc import Iterable

MOST_NAMES = 3


def remarks_of(recordings: Iterable[tuple[str, Iterable[str]]]) -> str:
    """Remarks with the names of the recordings that they hold for; empty if there is nothing to remark on.

    Args:
        recordings: name and remarks of each; a name that comes again (under another configuration) counts once.
    """
    found: dict[str, dict[str, None]] = {}
    for name, remarks in recordings:
        for remark in remarks:
            found.setdefault(remark, {})[name] = None
    said = []
    for remark, named in found.items():
        names = list(named)
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        said.append(f"{', '.join(names[:MOST_NAMES])}{more}: {remark}.")
    return " ".join(said)
