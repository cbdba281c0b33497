"""The loops of `ans`: one state per decoder stream, four streams side by side.

::

    state ──> entry of the class: value, bits to read, base ──> next state = base + those bits

**Source:** F. Giesen, Interleaved entropy coders, arXiv:1402.3392, for running independent states side by side.
"""

from __future__ import annotations

import numpy as np

from azsim.compiled import njit

U0, U1, U3, U7, U8, U15, U16, U255 = (np.uint64(number) for number in (0, 1, 3, 7, 8, 15, 16, 255))


@njit(cache=True, nogil=True)
def decode(words, limit, spans, bounds, classes, entries, log_states, out, bits_of):
    """Decode all streams; True if each of them held exactly its positions.

    Args:
        words: uint64, the 8 bytes that start at each byte of the bitstream.
        limit: uint64, the last index of ``words``.
        spans: int64 ``(streams, 2)``, first byte and the one after the last of each stream.
        bounds: int64 ``(streams + 1,)``, where each stream's positions stand in ``out``.
        classes: the class of each position, or None if there is one class.
        entries: uint32 ``(classes * 2^R,)``.
        out: uint8 ``(positions,)``, filled.
        bits_of: int64 ``(streams,)``, filled with the bits of each stream.
    """
    shift = np.uint64(log_states)
    mask = (U1 << shift) - U1
    at = np.empty(spans.shape[0], dtype=np.uint64)
    state = np.empty(spans.shape[0], dtype=np.uint64)
    done = np.zeros(spans.shape[0], dtype=np.uint64)
    for k in range(spans.shape[0]):
        at[k] = np.uint64(spans[k, 0]) << U3
        if bounds[k + 1] > bounds[k]:
            state[k] = words[min(at[k] >> U3, limit)] & mask
            at[k] += shift
    for k in range(0, spans.shape[0] - 3, 4):
        least = bounds[k + 1] - bounds[k]
        for j in range(1, 4):
            least = min(least, bounds[k + j + 1] - bounds[k + j])
        rounds = np.uint64(max(0, least - 1) // 4)
        o0, o1 = np.uint64(bounds[k]), np.uint64(bounds[k + 1])
        o2, o3 = np.uint64(bounds[k + 2]), np.uint64(bounds[k + 3])
        a0, a1, a2, a3 = at[k], at[k + 1], at[k + 2], at[k + 3]
        x0, x1, x2, x3 = state[k], state[k + 1], state[k + 2], state[k + 3]
        for _ in range(rounds):
            w0 = words[min(a0 >> U3, limit)] >> (a0 & U7)
            w1 = words[min(a1 >> U3, limit)] >> (a1 & U7)
            w2 = words[min(a2 >> U3, limit)] >> (a2 & U7)
            w3 = words[min(a3 >> U3, limit)] >> (a3 & U7)
            for _ in range(4):
                if classes is not None:
                    x0 |= np.uint64(classes[o0]) << shift
                    x1 |= np.uint64(classes[o1]) << shift
                    x2 |= np.uint64(classes[o2]) << shift
                    x3 |= np.uint64(classes[o3]) << shift
                e0, e1 = np.uint64(entries[x0]), np.uint64(entries[x1])
                e2, e3 = np.uint64(entries[x2]), np.uint64(entries[x3])
                out[o0], out[o1], out[o2], out[o3] = e0 & U255, e1 & U255, e2 & U255, e3 & U255
                b0, b1, b2, b3 = (e0 >> U8) & U15, (e1 >> U8) & U15, (e2 >> U8) & U15, (e3 >> U8) & U15
                x0 = (e0 >> U16) + (w0 & ((U1 << b0) - U1))
                x1 = (e1 >> U16) + (w1 & ((U1 << b1) - U1))
                x2 = (e2 >> U16) + (w2 & ((U1 << b2) - U1))
                x3 = (e3 >> U16) + (w3 & ((U1 << b3) - U1))
                w0 >>= b0
                w1 >>= b1
                w2 >>= b2
                w3 >>= b3
                a0 += b0
                a1 += b1
                a2 += b2
                a3 += b3
                o0 += U1
                o1 += U1
                o2 += U1
                o3 += U1
        at[k], at[k + 1], at[k + 2], at[k + 3] = a0, a1, a2, a3
        state[k], state[k + 1], state[k + 2], state[k + 3] = x0, x1, x2, x3
        done[k : k + 4] = rounds * np.uint64(4)
    whole = True
    for k in range(spans.shape[0]):
        here, x = at[k], state[k]
        for place in range(np.uint64(bounds[k]) + done[k], np.uint64(bounds[k + 1])):
            if classes is not None:
                x |= np.uint64(classes[place]) << shift
            entry = np.uint64(entries[x])
            out[place] = entry & U255
            if place + U1 < np.uint64(bounds[k + 1]):
                bits = (entry >> U8) & U15
                x = (entry >> U16) + ((words[min(here >> U3, limit)] >> (here & U7)) & ((U1 << bits) - U1))
                here += bits
        end = np.uint64(spans[k, 1])
        bits_of[k] = np.int64(here - (np.uint64(spans[k, 0]) << U3))
        whole &= (here + U7) >> U3 == end
        if here & U7 and here < end << U3:
            whole &= (words[here >> U3] & U255) >> (here & U7) == U0
    return whole


@njit(cache=True, nogil=True)
def encode(values, bounds, classes, next_state, offset, widest, shares, log_states, out, ends, bits_of):
    """Encode all streams to ``out``, one behind the other up to ``ends``, and fill ``bits_of``.

    Returns False, and writes nothing of use, if a value has no share in its class. A stream is encoded from its last
    position to its first, so that it can be read from the first on.
    """
    states = np.int64(1) << log_states
    longest = 0
    for k in range(bounds.size - 1):
        longest = max(longest, bounds[k + 1] - bounds[k])
    fields = np.empty(longest + 1, dtype=np.uint16)
    widths = np.empty(longest + 1, dtype=np.uint8)
    at = np.int64(0)
    for k in range(bounds.size - 1):
        start, n = bounds[k], bounds[k + 1] - bounds[k]
        if n == 0:
            ends[k], bits_of[k] = at, 0
            continue
        label = np.int64(classes[start + n - 1]) if classes is not None else np.int64(0)
        symbol = values[start + n - 1]
        if shares[label, symbol] == 0:
            return False
        state = np.int64(next_state[label, offset[label, symbol] + shares[label, symbol]])
        for j in range(n - 2, -1, -1):
            symbol = values[start + j]
            if classes is not None:
                label = np.int64(classes[start + j])
            share = shares[label, symbol]
            if share == 0:
                return False
            state += states
            width = widest[label, symbol]
            if state >> width < share:
                width -= 1
            fields[j + 1] = state & ((np.int64(1) << width) - 1)
            widths[j + 1] = width
            state = np.int64(next_state[label, offset[label, symbol] + (state >> width)])
        fields[0] = state
        widths[0] = log_states
        word, held, total = np.uint64(0), np.uint64(0), np.int64(0)
        for j in range(n):
            word |= np.uint64(fields[j]) << held
            held += np.uint64(widths[j])
            total += np.int64(widths[j])
            while held >= U8:
                out[at] = word & U255
                word >>= U8
                held -= U8
                at += 1
        if held:
            out[at] = word & U255
            at += 1
        ends[k], bits_of[k] = at, total
    return True
