"""How much memory a piece of work may take: estimated before it begins, refused where it is more than the budget.

::

    estimate of the work ──require──> at most --max-memory ? go on : InputError, nothing begun

The budget is what `set_limit` or the variable ``AZSIM_MAX_MEMORY`` gave, else three quarters of the memory that is free
now. It is kept in the environment, so that worker processes have it too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from azsim.errors import BudgetError, InputError

VARIABLE = "AZSIM_MAX_MEMORY"
UNKNOWN_FREE_BYTES = 4 << 30  # assumed where the system does not say
_UNITS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}
_CGROUP = Path("/sys/fs/cgroup")


def parse_bytes(text: str) -> int:
    """A size such as ``2G``, ``1.5GiB``, ``512 MB`` or ``4096``; K, M, G and T are powers of 1,024.

    Raises:
        InputError: it is none, or not above 0.
    """
    found = re.fullmatch(r"([0-9]{1,18}(?:\.[0-9]{1,18})?)\s*([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    size = int(float(found[1]) * 2.0 ** _UNITS[found[2].upper()]) if found else 0
    if size <= 0:
        raise InputError(f"{text[:40]!r}: must be a size above 0, such as 512M or 4G")
    return size


def set_limit(limit_bytes: int | None) -> None:
    """Set the budget of this process and those it starts; None goes back to three quarters of what is free.

    Raises:
        InputError: it is not above 0.
    """
    if limit_bytes is None:
        os.environ.pop(VARIABLE, None)
        return
    if limit_bytes <= 0:
        raise InputError(f"memory limit {limit_bytes}: must be above 0 bytes")
    os.environ[VARIABLE] = str(limit_bytes)


@contextmanager
def limited(most_bytes: int | None) -> Iterator[None]:
    """Within, the budget is ``most_bytes``, or what it is on entry if None, whatever is taken meanwhile."""
    before = os.environ.get(VARIABLE, "")
    set_limit(most_bytes or limit_bytes())
    try:
        yield
    finally:
        set_limit(None)
        if before:
            os.environ[VARIABLE] = before


def limit_bytes() -> int:
    """The budget in bytes.

    Raises:
        InputError: the variable holds no size.
    """
    given = os.environ.get(VARIABLE, "")
    if not given:
        return free_bytes() * 3 // 4
    try:
        return parse_bytes(given)
    except InputError as error:
        raise InputError(f"{VARIABLE} = {error}") from None


def require(needed_bytes: float, *, what: str, where: str = "") -> None:
    """Refuse work that would take more memory than the budget; call it before the work.

    Args:
        needed_bytes: an upper estimate of the memory that the work takes at its peak.
        what: the work, such as ``"120 minutes of sound"``; the message says that it takes so much.
        where: file, key and value that ask for it, such as ``"a.toml: production.encoder_units = 1000000"``.

    Raises:
        BudgetError: it is more.
    """
    limit = limit_bytes()
    if needed_bytes > limit:
        place = f"{where}: " if where else ""
        raise BudgetError(
            f"{place}{what} would take {shown(needed_bytes)} of memory; at most {shown(limit)} may be taken "
            "(--max-memory)"
        )


def shown(size_bytes: float) -> str:
    """A size with its unit, three significant digits."""
    size, unit = float(size_bytes), "bytes"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:.3g} {unit}" if size < 1000 else f"{size:.0f} {unit}"


def free_bytes() -> int:
    """Memory that can still be taken without swapping: of the machine, or of this process's control group if less."""
    return min([size for size in (_free_of_machine(), _free_of_group()) if size is not None] or [UNKNOWN_FREE_BYTES])


def _free_of_machine() -> int | None:
    try:
        found = re.search(r"^MemAvailable:\s*(\d+) kB", Path("/proc/meminfo").read_text(encoding="ascii"), re.MULTILINE)
        if found:
            return int(found[1]) << 10
    except (OSError, UnicodeDecodeError):
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2  # what is free is not said there
    except (AttributeError, ValueError, OSError):
        return None


def _free_of_group() -> int | None:
    """Of control groups version 2, then 1; None where there is no limit."""
    for most, taken in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            return max(0, int((_CGROUP / most).read_text()) - int((_CGROUP / taken).read_text()))
        except (OSError, ValueError):
            continue
    return None
