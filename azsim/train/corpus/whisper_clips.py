"""The same speech aloud and whispered, for the detector of whispers and for a recogniser that shall hear them.

::

    people     orders, read sentences, wake words (training sides) ──as they are──> whisper-aloud
                                                                   └─by_lpc──> real-whispered (with its words), whisper
    synthesis  commands by espeak-ng, aloud and by its whispering variant ──> whisper-aloud, whisper
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from azsim.speech.features import log_mel
from azsim.train.corpus.recordings import estimate_bounds_ms, read_sound
from azsim.train.corpus.store import Entry
from azsim.train.corpus.synth import speak
from azsim.train.corpus.voice_clips import ORDER, people
from azsim.train.corpus.voices import ESPEAK_ACCENTS, WARP_RANGE, Voice, draw_voice
from azsim.train.corpus.whispering import by_lpc

ALOUD, WHISPER, WHISPERED_ORDERS = "whisper-aloud", "whisper", "real-whispered"
VARIANT = "whisper"
"""Of espeak-ng; its other variants of that kind do not whisper."""


def items(data: Path, sentences: Sequence[str], spoken: int, seed: int) -> Iterator[tuple[Entry, np.ndarray]]:
    """Entries and features.

    Args:
        data: folder with barista, speakers and wakeword in it.
        sentences: that synthesis says.
        spoken: of them, aloud, and as many whispered.
        seed: of all that is drawn.

    Raises:
        InputError: a recording is missing.
    """
    for number, (split, each) in enumerate(people(data)):
        rng = np.random.default_rng([seed, 0x77686973, number])
        samples, stem = read_sound(each.path), f"{split}-{each.path.parent.name}-{each.path.stem}"
        bounds = estimate_bounds_ms(samples)
        yield _entry(f"aloud-{stem}", ALOUD, each.speaker, each.transcript, bounds), _mel(samples)
        whispered = WHISPERED_ORDERS if split == ORDER and each.transcript else WHISPER
        yield _entry(f"whisper-{stem}", whispered, each.speaker, each.transcript, bounds), _mel(by_lpc(samples, rng))
    for number in range(spoken):
        rng = np.random.default_rng([seed, 0x65737065, number])
        text = sentences[int(rng.integers(len(sentences)))]
        aloud, accent = draw_voice(rng, "espeak"), str(rng.choice(ESPEAK_ACCENTS))
        warp = float(rng.uniform(*WARP_RANGE))
        hushed = Voice("espeak", f"{accent}+{VARIANT}", VARIANT, aloud.pace, aloud.pitch, warp)
        sounds = speak([(aloud, text), (hushed, text)])
        for split, voice, sound in zip((ALOUD, WHISPER), (aloud, hushed), sounds, strict=True):
            name = f"{split}-spoken-{number}"
            yield _entry(name, split, voice.label, text, estimate_bounds_ms(sound)), _mel(sound)


def _mel(sound: np.ndarray) -> np.ndarray:
    return log_mel(sound).astype(np.float16)


def _entry(name: str, split: str, speaker: str, text: str, bounds: tuple[int, int]) -> Entry:
    return {
        "id": name,
        "split": split,
        "text": text,
        "voice": speaker,
        "domain": "coffee" if split == WHISPERED_ORDERS else "whisper",
        "speaker": speaker,
        "speech_start_ms": bounds[0],
        "speech_end_ms": bounds[1],
    }
