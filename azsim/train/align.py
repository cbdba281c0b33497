"""Where a network emits the letters of a corpus, found once: ``python -m azsim.train.align --corpus DIR --with MODEL``.

::

    recording, text ── network ──> the likeliest way through its lattice ──> CORPUS/FOLDER/alignment.json

A training that follows keeps each label within a few steps of that (`azsim.train.batch`), which spares it most of the
lattice. Letters, not labels, are kept, so another network's word pieces find their place too. An utterance that the
network does not believe in is left out; it is trained within the wide band.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import torch

from azsim.compiled import njit
from azsim.parsing import OneLineParser
from azsim.train.batch import REAL_SLACK, SYNTHETIC_SLACK, band, label_edges
from azsim.train.command import exit_status
from azsim.train.data import ALIGNMENT, Normaliser, StoredUtterance, complete_folders, load_utterances
from azsim.train.export import load_model
from azsim.train.model import FRAMES_PER_STEP, Transducer
from azsim.train.rnnt_loss import Cells
from azsim.train.tokens import BLANK, WORD_START, Pieces

BATCH_FRAMES = 9600
MOST_NATS_PER_LABEL = 4.0


@torch.no_grad()
def aligned(
    model: Transducer, normaliser: Normaliser, pieces: Pieces, utterances: Sequence[StoredUtterance]
) -> dict[str, list[int]]:
    """The frame at which each letter is emitted, by utterance; those that the network does not believe in are missing.

    Args:
        model: in evaluation mode.
        normaliser, pieces: the network's.
        utterances: of similar length, each with words.
    """
    labels = [tuple(pieces.encode(u.line.text)) for u in utterances]
    steps = [max(1, u.line.frames // FRAMES_PER_STEP) for u in utterances]
    features = np.zeros((len(utterances), max(steps) * FRAMES_PER_STEP, utterances[0].features.shape[1]), np.float32)
    bands = []
    for row, utterance, own, count in zip(features, utterances, labels, steps, strict=True):
        frames = normaliser(utterance.features)[: len(row)]
        row[: len(frames)] = frames
        start, end = (frame / FRAMES_PER_STEP for frame in utterance.speech_frames)
        edges = label_edges(own, pieces, start, end)
        bands.append(band(edges[:-1], edges[1:], REAL_SLACK if utterance.is_real else SYNTHETIC_SLACK, count))
    low, high = (np.concatenate(side) for side in zip(*bands, strict=True))
    cells = Cells(tuple(steps), tuple(labels), low, high)
    with torch.autocast("cpu", torch.bfloat16):
        scores = torch.log_softmax(model.logits(model.encode(torch.from_numpy(features)), cells), 1)
    label = scores[torch.arange(len(scores)), torch.from_numpy(cells.next_labels)].numpy()
    blank = scores[:, BLANK].contiguous().numpy()
    found = {}
    begin = 0
    for utterance, own, count in zip(utterances, labels, steps, strict=True):
        end = begin + count
        at, nats = _likeliest(blank, label, cells.first_row[begin : end + 1], low[begin:end], high[begin:end], len(own))
        begin = end
        if nats <= MOST_NATS_PER_LABEL * len(own):
            found[utterance.line.id] = [
                int(step) * FRAMES_PER_STEP
                for step, piece in zip(at, own, strict=True)
                for _ in pieces.strings[piece].replace(WORD_START, "")
                if piece != pieces.sentence_end
            ]
    return found


@njit(cache=True, nogil=True)
def _likeliest(
    blank: np.ndarray, label: np.ndarray, first_row: np.ndarray, low: np.ndarray, high: np.ndarray, labels: int
) -> tuple[np.ndarray, float]:
    """Step at which each label is emitted on the likeliest path, and its negative log probability."""
    steps, base = len(low), first_row[0]
    best = np.full(first_row[-1] - base, -np.inf)
    is_label = np.zeros(first_row[-1] - base, np.bool_)
    best[0] = 0.0
    for t in range(steps):
        for u in range(low[t], high[t] + 1):
            row = first_row[t] + u - low[t]
            if t > 0 and low[t - 1] <= u <= high[t - 1]:
                left = first_row[t - 1] + u - low[t - 1]
                best[row - base] = best[left - base] + blank[left]
            if u > low[t]:
                value = best[row - 1 - base] + label[row - 1]
                if value > best[row - base]:
                    best[row - base], is_label[row - base] = value, True
    at = np.zeros(labels, np.int64)
    t, u = steps - 1, labels
    last = first_row[t] + u - low[t]
    nats = -(best[last - base] + blank[last])
    while t > 0 or u > 0:
        if is_label[first_row[t] + u - low[t] - base]:
            u -= 1
            at[u] = t
        else:
            t -= 1
        if t < 0:
            return at, np.inf
    return at, nats


def align_folder(folder: Path, source: Path) -> tuple[int, int]:
    """Align a folder of a corpus, all or nothing; how many utterances with words it has, and how many were aligned."""
    model, normaliser, pieces, _ = load_model(source)
    model.eval()
    splits = load_utterances(folder.parent, [folder.name])
    spoken = sorted((u for each in splits.values() for u in each if u.line.text), key=lambda u: u.line.frames)
    found: dict[str, list[int]] = {}
    first = 0
    while first < len(spoken):
        count = 1
        while first + count < len(spoken) and spoken[first + count].line.frames * (count + 1) <= BATCH_FRAMES:
            count += 1
        found |= aligned(model, normaliser, pieces, spoken[first : first + count])
        first += count
    path = folder / ALIGNMENT
    partial = path.with_suffix(f".partial{os.getpid()}")
    partial.write_bytes(msgspec.json.encode(found))
    os.replace(partial, path)
    return len(spoken), len(found)


def align(corpus: Path, source: Path) -> None:
    """Align the folders of a corpus that are not yet."""
    torch.set_num_threads(1)
    for name in complete_folders(corpus):
        if not (corpus / name / ALIGNMENT).exists():
            there, done = align_folder(corpus / name, source)
            print(f"{name}: {done} of {there} utterances with words aligned", flush=True)


def main() -> int:
    """Command line entry; the exit status."""
    parser = OneLineParser(prog="python -m azsim.train.align", description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--with", dest="source", type=Path, required=True, help="exported network that aligns")
    given = parser.parse_args()
    return exit_status(lambda: align(given.corpus, given.source))


if __name__ == "__main__":
    sys.exit(main())
