"""Give a training checkpoint other word pieces: ``python -m azsim.train.repiece --from CHECKPOINT --corpus DIR …``.

::

    old  ▁w  a  sh  ing ──┐
                          ├─> new  ▁washing:  is heard as its first old piece,
    rows of the label     │                   is remembered as its last one
    tables are copied ────┘

Encoder and prediction network stay. What belongs to one label (its vector, its
output weights) is taken over from the old pieces that spell the new one, so
that training goes on from there and not from noise.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import torch

from azsim.errors import InputError
from azsim.parsing import OneLineParser
from azsim.train.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from azsim.train.command import exit_status
from azsim.train.data import REAL_TRAIN, TRAIN, complete_folders, load_utterances
from azsim.train.flat import FlatParameters
from azsim.train.model import Transducer
from azsim.train.tokens import BLANK, Pieces, train_pieces

HEARD = ("joint_output.weight", "joint_output.bias", "ctc_head.weight", "ctc_head.bias")
REMEMBERED = ("embedding.weight",)


def spellings(old: Pieces, new: Pieces) -> tuple[torch.Tensor, torch.Tensor]:
    """For each new label, the first and the last of the old ones that spell it."""
    found = [(BLANK,), *(old.spell(piece) or (BLANK,) for piece in new.strings[1:])]
    return torch.tensor([labels[0] for labels in found]), torch.tensor([labels[-1] for labels in found])


def respelled(model: Transducer, old: Pieces, new: Pieces) -> Transducer:
    """The network with other word pieces; what it has learned of the old ones is taken over."""
    first, last = spellings(old, new)
    changed = Transducer(replace(model.shape, vocabulary=len(new)))
    own = dict(changed.named_parameters())
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            rows = first if name in HEARD else last if name in REMEMBERED else slice(None)
            own[name].copy_(tensor[rows])
    return changed


def with_pieces(checkpoint: Checkpoint, pieces: Pieces) -> Checkpoint:
    """The same training state with other word pieces; the optimiser's averages move along with the weights."""
    setup, tensors = checkpoint.setup, checkpoint.tensors
    old_pieces = Pieces(tuple(setup.pieces))
    model = Transducer(setup.shape)
    places = FlatParameters(model, 0).slices
    first, last = spellings(old_pieces, pieces)

    def moved(vector: torch.Tensor) -> torch.Tensor:
        parts = []
        for name, parameter in model.named_parameters():
            rows = first if name in HEARD else last if name in REMEMBERED else slice(None)
            parts.append(vector[places[name]].view_as(parameter)[rows].reshape(-1))
        return torch.cat(parts)

    changed = {name: moved(tensors[name]) for name in ("values", "adam.mean", "adam.square")}
    setup = msgspec.structs.replace(setup, pieces=list(pieces.strings))
    return Checkpoint(setup, checkpoint.progress, tensors | changed)


def repiece(source: Path, corpus: Path, count: int, out: Path) -> None:
    """Learn ``count`` pieces from a corpus's training text and write the checkpoint that uses them."""
    splits = load_utterances(corpus, complete_folders(corpus))
    spoken = [*splits.get(TRAIN, []), *splits.get(REAL_TRAIN, [])]
    if not spoken:
        raise InputError(f"{corpus}: no finished folder with utterances of split {TRAIN!r}")
    pieces = train_pieces((u.line.text for u in spoken), count)
    out.parent.mkdir(parents=True, exist_ok=True)
    save_checkpoint(out, with_pieces(load_checkpoint(source), pieces))


def main() -> int:
    """Command line entry; the exit status."""
    parser = OneLineParser(prog="python -m azsim.train.repiece", description=__doc__.splitlines()[0])
    parser.add_argument("--from", dest="source", type=Path, required=True, help="checkpoint.safetensors of a run")
    parser.add_argument("--corpus", type=Path, required=True, help="folder of feature folders: the training text")
    parser.add_argument("--pieces", type=int, default=401, help="labels, the blank among them")
    parser.add_argument("--out", type=Path, required=True, help="the checkpoint to write")
    given = parser.parse_args()
    return exit_status(lambda: repiece(given.source, given.corpus, given.pieces, given.out))


if __name__ == "__main__":
    sys.exit(main())
