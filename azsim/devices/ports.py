"""What the ports of the on-chip memory are asked for in a cycle.

::

    bank 0      bank 1   ..  bank B-1       each gives port_bytes_per_cycle / B through each of its ports
    lanes 0,B..  1,B+1..                    a lane's weights lie in bank (lane mod B): the fullest bank decides
       ^ decoder writes, spread evenly      through the same port (ports = 1) or one of their own (ports = 2)
"""

from __future__ import annotations

from azsim.devices.chip_spec import ChipSpec


def port_demand(chip: ChipSpec, decodes: bool = True) -> int:
    """Bytes per cycle that all banks must give so that nobody ever waits.

    Args:
        chip: the processor.
        decodes: the decoder may write meanwhile, at most what it is built for.

    **Source:** `assumed`; banks hold whole lanes, so that no two banks work for one lane.
    """
    reads = port_reads(chip)
    writes = chip.decoder.streams * chip.decoder.positions_per_cycle if decodes else 0
    return reads + writes if chip.sram.ports == 1 else max(reads, writes)


def port_reads(chip: ChipSpec) -> int:
    """Bytes per cycle that all banks must give so that the fullest never holds the array back."""
    if chip.lanes is None:
        return chip.weight_reads_per_cycle
    banks = chip.sram.banks
    return banks * -(-chip.lanes.lanes // banks) * chip.lanes.window_positions
