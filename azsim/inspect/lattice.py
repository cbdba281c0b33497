"""A lattice: its words on edges with their probabilities, its best paths, as tables and as a drawing."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from azsim.errors import InputError
from azsim.input_file import read_input_file
from azsim.inspect.inspection import Inspection, Table
from azsim.output_file import check_output_file, replacing
from azsim.speech.lattice.drawing import lattice_svg
from azsim.speech.lattice.paths import n_best
from azsim.speech.lattice.posterior import posteriors
from azsim.speech.lattice.slf import from_slf

MOST_BYTES = 256 << 20
BEST = 5


def inspect_lattice(path: Path, drawing: Path | None = None) -> Inspection:
    """What a lattice in HTK's format says.

    Args:
        path: of the file.
        drawing: a file for it as SVG.

    Raises:
        InputError: the file cannot be read, is no lattice, or the drawing cannot be written.
    """
    if drawing is not None:
        check_output_file(drawing)
    data = read_input_file(path, "a lattice (.slf)")
    if len(data) > MOST_BYTES:
        raise InputError(f"{path}: {len(data)} bytes: a lattice has at most {MOST_BYTES}")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise InputError(f"{path}: is no text in UTF-8; a lattice (.slf) is needed") from None
    lattice = from_slf(text, str(path))
    found = posteriors(lattice)
    best = n_best(lattice, BEST)
    rows = [
        (
            f"{lattice.sources[edge]} \u2192 {lattice.targets[edge]}",
            word,
            f"{found.edges[edge]:.3f}",
            f"{lattice.start_ms[edge] / 1000:.2f} s",
            f"{lattice.end_ms[edge] / 1000:.2f} s",
            f"{lattice.acoustic[edge]:.2f}",
            f"{lattice.label[edge]:.2f}",
        )
        for edge, word in enumerate(lattice.words)
    ]
    answer: dict[str, object] = {
        "file": str(path),
        "utterance": lattice.utterance,
        "nodes": lattice.nodes,
        "edges": lattice.edges,
        "ends": int(np.isfinite(lattice.final_label).sum()),
        "deterministic": lattice.is_deterministic,
        "paths": [
            {"words": " ".join(one.words), "probability": float(np.exp(one.score - found.total))} for one in best
        ],
    }
    if drawing is not None:
        with replacing(drawing) as file:
            file.write(lattice_svg(lattice).encode())
        answer["drawing"] = str(drawing)
    headings = ("edge", "word", "probability", "begins", "ends", "acoustic", "label")
    paths = [(f"{np.exp(one.score - found.total):.3f}", " ".join(one.words) or "(no words)") for one in best]
    tables = (
        Table(f"{path}: {lattice.nodes} nodes, {lattice.edges} edges", headings, rows),
        Table("most probable", ("probability", "words"), paths),
    )
    return Inspection(answer, tables)
