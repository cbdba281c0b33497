"""Which matrices to keep in a memory of so many lines: a knapsack with three choices each, solved exactly.

**Source:** the choice of what to hold on chip as a knapsack is common practice (for example Arm Vela's allocation of
feature maps); solved by dynamic programming over memory lines.
"""

from __future__ import annotations

import numpy as np

_FINE = 1 << 20


def best_choice(lines: np.ndarray, traffic: np.ndarray, decoding: np.ndarray, room: int) -> list[int]:
    """For each matrix 0 (streamed), 1 (compressed) or 2 (decoded): most traffic saved, then most decoding saved.

    Exact, but that traffic counts in whole bytes and decoding in parts of 2^-20 of all decoding. Of equal choices the
    one that takes least memory wins.

    Args:
        lines: int64 ``(matrices, 3)``: memory that each choice takes; the first column is 0.
        traffic: ``(matrices,)``: bytes per second that choices 1 and 2 save.
        decoding: ``(matrices,)``: decoder cycles per second that choice 2 saves.
        room: lines there are.
    """
    room = min(room, int(lines.max(axis=1, initial=0).sum()))
    fine = np.floor(decoding * ((_FINE - 1) / max(1.0, float(decoding.sum())))).astype(np.int64)
    coarse = np.round(traffic).astype(np.int64) * _FINE
    best = np.zeros(room + 1, np.int64)
    taken = np.zeros((len(lines), room + 1), np.int8)
    for index, sizes in enumerate(lines.tolist()):
        before = best.copy()
        for choice, value in ((1, coarse[index]), (2, coarse[index] + fine[index])):
            if sizes[choice] > room:
                continue
            other = before[: room + 1 - sizes[choice]] + value
            better = other > best[sizes[choice] :]
            best[sizes[choice] :][better] = other[better]
            taken[index, sizes[choice] :][better] = choice
    at = int(np.argmax(best))
    chosen = []
    for index in range(len(lines) - 1, -1, -1):
        choice = int(taken[index, at])
        chosen.append(choice)
        at -= int(lines[index, choice])
    return chosen[::-1]
