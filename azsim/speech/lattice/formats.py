"""The text forms of a lattice by name, with the suffixes of their files."""

from __future__ import annotations

from azsim.speech.lattice.fst_text import to_kaldi, to_openfst
from azsim.speech.lattice.graphviz import to_graphviz
from azsim.speech.lattice.lattice import Lattice
from azsim.speech.lattice.slf import to_slf

FORMATS = {"slf": ".slf", "kaldi": ".lat", "openfst": ".fst.txt", "dot": ".dot"}


def written_in(lattice: Lattice, form: str) -> str:
    """The lattice's text in one of `FORMATS`."""
    return {"slf": to_slf, "kaldi": to_kaldi, "openfst": to_openfst, "dot": to_graphviz}[form](lattice)
