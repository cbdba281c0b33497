"""Tables of `ans`: shares of the values in 2^R states, and what encoder and decoder look up for them.

::

    counts ──normalise──> shares, sum 2^R ──spread──> value of each state ──> decoder entry: base | bits | value

**Source:** J. Duda, Asymmetric numeral systems, arXiv:1311.2540; the step of the spread is that of Y. Collet's
FiniteStateEntropy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LOG_STATES = (5, 12)


def normalise(counts: np.ndarray, log_states: int) -> np.ndarray:
    """Shares of ``2^log_states`` states, int64 ``(256,)``, at least 1 for each value with a count.

    Rounded, then moved one by one where it costs the fewest bits until they add up; ``counts`` must not all be 0.
    """
    states = 1 << log_states
    present = np.flatnonzero(counts)
    own = counts[present].astype(np.float64)
    shares = np.maximum(1, np.rint(own * (states / own.sum()))).astype(np.int64)
    left = states - int(shares.sum())
    change = 1 if left > 0 else -1
    for _ in range(abs(left)):
        movable = shares + change > 0
        gain = np.where(movable, own * np.log2(np.where(movable, shares + change, 1) / shares), -np.inf)
        shares[np.argmax(gain)] += change
    return np.bincount(present, weights=shares, minlength=256).astype(np.int64)


def spread(shares: np.ndarray) -> np.ndarray:
    """The value of each state, int64 ``(2^R,)``: steps of ``5/8 states + 3`` meet every state once."""
    states = int(shares.sum())
    step = (states >> 1) + (states >> 3) + 3
    value_of = np.empty(states, dtype=np.int64)
    value_of[np.arange(states) * step & (states - 1)] = np.repeat(np.arange(shares.size), shares)
    return value_of


@dataclass(frozen=True)
class Tables:
    """One table per class, all with ``2^log_states`` states.

    Attributes:
        log_states: R.
        shares: int64 ``(classes, 256)`` by value (two's complement, unsigned); each row adds up to ``2^R``.
    """

    log_states: int
    shares: np.ndarray

    def decoder(self) -> np.ndarray:
        """uint32 ``(classes * 2^R,)``: value in bits 0-7, bits to read in 8-11, base of the next state from 16 up."""
        states = 1 << self.log_states
        entries = np.empty((len(self.shares), states), dtype=np.uint32)
        for shares, own in zip(self.shares, entries):
            value_of, order, high = self._states(shares)
            bits = self.log_states + 1 - np.frexp(high)[1].astype(np.int64)
            own[order] = value_of[order] | bits << 8 | (high << bits) - states << 16
        return entries.ravel()

    def encoder(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What a value does to a state ``x`` from ``2^R`` to ``2^(R+1) - 1``.

        Returns:
            uint16 ``next_state (classes, 2^R)``, int64 ``offset`` and ``widest (classes, 256)``: the value gives off
            ``b = widest`` bits, or one fewer if ``x >> b`` is less than its share; then comes
            ``next_state[offset + (x >> b)]``.
        """
        orders = [self._states(shares)[1] for shares in self.shares]
        offset = np.cumsum(self.shares, axis=1) - 2 * self.shares
        widest = self.log_states + 1 - np.frexp(np.maximum(1, self.shares))[1].astype(np.int64)
        return np.array(orders, dtype=np.uint16), offset, widest

    @staticmethod
    def _states(shares: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Value of each state; the states by value, rising; and the number, from share to twice the share, of those."""
        value_of = spread(shares)
        order = np.argsort(value_of, kind="stable")
        values = value_of[order]
        first = np.cumsum(shares) - shares
        return value_of, order, np.arange(order.size) - first[values] + shares[values]
