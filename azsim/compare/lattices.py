"""What lattices are worth: the errors of their best choices, and the bytes that go up in place of audio."""

from __future__ import annotations

from pathlib import Path

from azsim.cloud.service import Reranker
from azsim.errors import InputError
from azsim.output_file import make_folders, write_output_file
from azsim.report.results import LatticeFigures, UtteranceResult
from azsim.report.wer import count_errors, normalise
from azsim.speech.lattice.formats import FORMATS, written_in
from azsim.speech.lattice.lattice import Lattice
from azsim.speech.lattice.paths import n_best, oracle
from azsim.speech.lattice.uplink import encode_lattice

N_BEST = 10
"""Alternatives that are counted. **Source:** assumed."""


def figures_of(lattice: Lattice, reference: str | None, reranker: Reranker | None = None) -> LatticeFigures:
    """Errors of the nearest path and of the nearest of `N_BEST`, if it is known what was said; edges; bytes.

    Args:
        lattice: what was heard.
        reference: what was said, None if that is not known.
        reranker: the cloud's, whose choice is counted too.
    """
    try:
        message_bytes = len(encode_lattice(lattice))
    except InputError:
        message_bytes = None
    if reference is None:
        return LatticeFigures(None, None, lattice.edges, message_bytes)
    said = normalise(reference).split()
    heard = tuple(normalise(word) for word in lattice.words)
    errors, _ = oracle(lattice, said, heard)
    texts = [" ".join(path.words) for path in n_best(lattice, N_BEST)]
    nearest = min(int(count_errors([reference], [text])[0, 0]) for text in texts)
    reranked = None
    if reranker is not None:
        reranked = int(count_errors([reference], [" ".join(reranker.best(lattice))])[0, 0])
    return LatticeFigures(errors, nearest, lattice.edges, message_bytes, reranked)


def write_lattices(results: tuple[UtteranceResult, ...], folder: Path, form: str) -> list[Path]:
    """A file for each utterance that has a lattice; those of one name are numbered.

    Raises:
        InputError: nothing can be written there.
    """
    written: list[Path] = []
    for result in results:
        if result.lattice is None:
            continue
        path = folder / f"{Path(result.utterance).stem}{FORMATS[form]}"
        number = 1
        while path in written:
            number += 1
            path = folder / f"{Path(result.utterance).stem}-{number}{FORMATS[form]}"
        written.append(path)
        make_folders(path)
        write_output_file(path, [written_in(result.lattice, form).encode()])
    return written
