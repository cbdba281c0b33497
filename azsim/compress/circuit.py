"""What a codec asks of the decoder circuit, however wide the device builds it.

::

    parallel:  bits ─┬─> value           serial:  bits ─> value ─> shift ─> value ─> ...
                     ├─> value                    where a code starts is known when the one before it is read
                     └─> value
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Circuit:
    """What one decoder stream of a codec can do at the very most.

    Attributes:
        values_per_cycle: most values (`azsim.compress.codecs.codec.Part`) in a cycle; None: as many as the device is
            built for, since the place of every code is known beforehand.
        setup_cycles: to expand the tables at a switch to the matrix, once their bytes have come.

    **Source:** the "Hardware" note in each codec's file; ``docs/bitstreams.md`` has the table.
    """

    values_per_cycle: int | None = None
    setup_cycles: int = 0


PARALLEL = Circuit()
SERIAL = Circuit(values_per_cycle=1)
