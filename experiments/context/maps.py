"""Where attention peaks: on which entry while a name is said, and the map of one utterance as a figure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from azsim.nn.rnnt.integer_rnnt import IntegerModel
from azsim.nn.rnnt.pieces import WORD_START, Pieces
from azsim.nn.rnnt.told import attended
from azsim.speech.context.attention import AttentionNetwork, label_views
from azsim.speech.context.names import AUDIO, SAID
from experiments.context.material import NamedSpeech

LATE_OUTPUTS = 3
"""By which the sound of a name may still be on its way after its last letter; `assumed`."""


def entry_shares(attention: AttentionNetwork, side: str, views: np.ndarray) -> np.ndarray:
    """Share of none and of each entry, mean of the heads, float ``(n, entries + 1)``."""
    _, shares = attended(attention.told(side), views)
    mean = shares.astype(np.float64).mean(axis=1) / 127
    firsts = np.array([0, *attention.firsts[:-1]])
    return np.add.reduceat(mean, firsts, axis=1)


def spans(one: NamedSpeech, pieces: Pieces) -> list[tuple[str, tuple[float, float], tuple[int, int]]]:
    """Each name with its outputs, if letters take equal time, and its labels."""
    words, begin, (start, end) = one.text.split(), 0, one.bounds
    letters = np.cumsum([0, *(len(word) for word in words)]) / max(sum(map(len, words)), 1)
    labels = np.cumsum([0, *(len(pieces.spell(WORD_START + word)) for word in words)])
    found = []
    for _, name in one.names:
        size = len(name.split())
        while words[begin : begin + size] != name.split():
            begin += 1
        times = tuple(start + (end - start) * letters[[begin, begin + size]])
        found.append((name, times, (int(labels[begin]), int(labels[begin + size]))))
        begin += size
    return found


def peaks(
    model: IntegerModel, attention: AttentionNetwork, pieces: Pieces, said: Sequence[NamedSpeech]
) -> tuple[int, int, int]:
    """Names said; those on whose entry the sound's shares are largest in sum, of all entries; likewise of the labels.

    The labels are those of the reference, after the first one of each name.
    """
    names = heard = read = 0
    for one in said:
        own = spans(one, pieces)
        if not own:
            continue
        by_sound = entry_shares(attention, AUDIO, one.encoded)[:, 1:]
        by_label = entry_shares(attention, SAID, label_views(model.networks, pieces.encode(one.text)))[:, 1:]
        for name, (begin, end), (first, last) in own:
            right = attention.entries.index(name)
            names += 1
            heard += int(by_sound[max(0, int(begin)) : int(end) + LATE_OUTPUTS].sum(axis=0).argmax()) == right
            read += int(by_label[first + 1 : max(last, first + 2)].sum(axis=0).argmax()) == right
    return names, heard, read


def attention_map(attention: AttentionNetwork, pieces: Pieces, one: NamedSpeech, shown: int) -> Figure:
    """Entries against time: the entries of the utterance's names and the others with the largest shares."""
    shares = entry_shares(attention, AUDIO, one.encoded)
    names = [name for _, name in one.names]
    own = [attention.entries.index(name) + 1 for name in names]
    others = [int(row) for row in np.argsort(-shares[:, 1:].sum(axis=0)) + 1 if row not in own]
    rows = [0, *own, *others[: max(0, shown - 1 - len(own))]]
    figure = Figure(figsize=(7.2, 0.28 * len(rows) + 1.4), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(
        100 * shares[:, rows].T, aspect="auto", cmap="Blues", vmin=0, interpolation="nearest",
        extent=(0, 0.06 * len(shares), len(rows) - 0.5, -0.5),
    )  # fmt: skip
    axes.set_yticks(range(len(rows)), ["(none)", *(attention.entries[row - 1] for row in rows[1:])])
    for row in range(1, 1 + len(own)):
        axes.get_yticklabels()[row].set_fontweight("bold")
    for _, times, _ in spans(one, pieces):
        for edge in times:
            axes.axvline(0.06 * edge, color="0.4", linewidth=0.8, linestyle="--")
    axes.set_xlabel(f"time, s: \u201c{one.text}\u201d")
    figure.colorbar(image, label="share of attention, %")
    return figure

