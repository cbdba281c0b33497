"""Emission latency: when a word's last label is known, against the end of the word.

::

    festival ──> sound, end of each word by its own timing ──> recogniser ──> last label of each word, where they match

Where words end inside of a recording is known of speech that festival makes: it says of each word when its last sound
ends (``word_end``). Of recordings of people only the end of all is known, from energy (`Track.emission_ms`).
"""

from __future__ import annotations

import csv
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import jiwer
import numpy as np

from azsim.compress.network import CompressedNetwork
from azsim.report.percentiles import percentile
from azsim.resources import shipped
from azsim.speech.audio import read_audio
from azsim.speech.endpoint import step_end_ms
from azsim.speech.features import log_mel
from azsim.speech.recogniser import Recogniser
from azsim.speech.search.choice import GREEDY, SearchChoice
from azsim.speech.transcript import words_of
from experiments.endpointing.tracks import with_room

VOICES = ("kal_diphone", "ked_diphone")
SENTENCES = 40
"""Of the shipped test speech, every so many, by each voice."""
PROLOGUE = """(define (say voice text out)
  (eval (list voice))
  (set! spoken (utt.synth (eval (list 'Utterance 'Text text))))
  (utt.save.wave spoken out 'riff)
  (format t "UTTERANCE %s\\n" out)
  (mapcar (lambda (word) (format t "WORD %s %f\\n" (item.name word) (item.feat word 'word_end)))
          (utt.relation.items spoken 'Word)))
"""
SEARCHES = {"beam 4": SearchChoice(), "greedy": GREEDY}


@dataclass(frozen=True)
class Spoken:
    """A sentence, its sound with room after it, and when each of its words ends."""

    words: tuple[str, ...]
    ends_ms: tuple[float, ...]
    sound: np.ndarray


@dataclass(frozen=True)
class Emission:
    """Of the words that were recognised: last label less end of the word."""

    speech: str
    search: str
    words: int
    p10_ms: float
    p50_ms: float
    p90_ms: float


def spoken() -> list[Spoken]:
    """Sentences by festival; none where it is not installed."""
    if not shutil.which("festival"):
        return []
    manifest = shipped("experiments", "speech/manifest.csv")
    with open(manifest, newline="", encoding="utf-8") as stream:
        texts = list(dict.fromkeys(row["transcript"] for row in csv.DictReader(stream)))
    with tempfile.TemporaryDirectory(prefix="azsim-words-") as folder:
        lines, script = [PROLOGUE], Path(folder) / "batch.scm"
        for place, (voice, text) in enumerate((v, t) for v in VOICES for t in texts[:: len(texts) // SENTENCES]):
            lines.append(f'(say \'voice_{voice} "{text}" "{Path(folder) / str(place)}.wav")\n')
        script.write_text("".join(lines), encoding="utf-8")
        told = subprocess.run(["festival", "-b", str(script)], capture_output=True, check=True, text=True, timeout=600)
        return list(_read(told.stdout.splitlines()))


def _read(lines: Sequence[str]) -> Iterator[Spoken]:
    """What festival printed, and the sounds that it wrote."""
    groups: list[tuple[str, list[tuple[str, float]]]] = []
    for line in lines:
        kind, *rest = line.split()
        if kind == "UTTERANCE":
            groups.append((rest[0], []))
        elif kind == "WORD":
            groups[-1][1].append((rest[0].lower(), 1000 * float(rest[1])))
    for path, words in groups:
        texts, ends = zip(*words, strict=True)
        yield Spoken(texts, ends, with_room(read_audio(Path(path)).samples))


def emissions(small: CompressedNetwork, said: Sequence[Spoken]) -> list[Emission]:
    """Of every search, of all words and of the last ones."""
    rows = []
    for name, search in SEARCHES.items():
        recogniser = Recogniser(small, search.maker(), lattices=search)
        own = [(len(one.words) - 1, at, ms) for one in said for at, ms in _late_ms(recogniser, one)]
        for speech, late in (
            ("festival, every word", [ms for _, _, ms in own]),
            ("festival, last words", [ms for last, at, ms in own if at == last]),
        ):
            rows.append(Emission(speech, name, len(late), *(percentile(late, share) for share in (10, 50, 90))))
    return rows


def _late_ms(recogniser: Recogniser, one: Spoken) -> list[tuple[int, float]]:
    """Place of each word that was recognised, and its last label less its end."""
    network = recogniser.compressed.network
    transcript = recogniser.recognise(log_mel(one.sound)).transcript
    times = [step_end_ms(step) for step in transcript.label_steps]
    found = words_of(transcript.labels, times, [1.0] * len(times), network.pieces)
    if not found:
        return []
    pairs = []
    for chunk in jiwer.process_words(" ".join(one.words), " ".join(word.text for word in found)).alignments[0]:
        if chunk.type == "equal":
            places = range(chunk.ref_start_idx, chunk.ref_end_idx)
            words = found[chunk.hyp_start_idx : chunk.hyp_end_idx]
            pairs += [(at, word.end_ms - one.ends_ms[at]) for at, word in zip(places, words, strict=True)]
    return pairs
