"""Pocketsphinx with its own US English voice model and our trigram: a recogniser that learned from real people.

::

    texts ── Trigram ──> ARPA ─┐
    pronunciations of its words ┴─ pocketsphinx (Gaussian mixtures) ──> words

**Source:** PyPI ``pocketsphinx`` 5.1.1, its model ``en-us`` (BSD 2-clause, Carnegie Mellon); its settings as they come.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from azsim.errors import InputError
from azsim.report.wer import normalise
from azsim.speech.features import SAMPLE_RATE_HZ
from experiments.anchor.trigram import END, Trigram

VARIANT = re.compile(r"\(\d+\)$")
PCM16 = 32767


def hear(sounds: Sequence[np.ndarray], texts: Sequence[str]) -> Iterator[str]:
    """What pocketsphinx hears in float32 recordings at 16 kHz, under a trigram of the texts, one after the other.

    Raises:
        InputError: pocketsphinx is not installed, or it cannot pronounce a word of the texts.
    """
    if find_spec("pocketsphinx") is None:
        raise InputError("the anchor needs pocketsphinx: pip install 'azsim[anchor]'")
    import pocketsphinx

    model = Trigram.of(normalise(text).split() for text in texts)
    with tempfile.TemporaryDirectory() as folder:
        arpa, spoken = Path(folder, "trigram.arpa"), Path(folder, "words.dict")
        arpa.write_text(model.arpa(), encoding="utf-8")
        said = Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict")).read_text(encoding="utf-8")
        spoken.write_text(pronunciations(said, set(model.vocabulary) - {END}), encoding="utf-8")
        decoder = pocketsphinx.Decoder(
            hmm=pocketsphinx.get_model_path("en-us/en-us"),
            lm=str(arpa),
            dict=str(spoken),
            samprate=SAMPLE_RATE_HZ,
            loglevel="FATAL",
        )
        for sound in sounds:
            decoder.start_utt()
            decoder.process_raw((np.clip(sound, -1, 1) * PCM16).astype("<i2").tobytes(), full_utt=True)
            decoder.end_utt()
            best = decoder.hyp()
            yield best.hypstr if best else ""


def pronunciations(dictionary: str, words: set[str]) -> str:
    """The lines of a pronouncing dictionary that speak these words, variants included.

    Raises:
        InputError: a word is not in it.
    """
    lines = [line for line in dictionary.splitlines() if line and VARIANT.sub("", line.split()[0]) in words]
    missing = words - {line.split()[0] for line in lines}
    if missing:
        raise InputError(f"pocketsphinx's dictionary: does not hold {', '.join(sorted(missing))}")
    return "\n".join(lines) + "\n"
