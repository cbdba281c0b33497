"""The test speech that travels with azsim: unseen sentences, half of them by unseen voices.

::

    testset.make ─> <out>/*.flac, manifest.csv, README.md ─> testset.items ─> corpus splits test-seen, test-unseen
"""

from __future__ import annotations

import csv
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from azsim.errors import InputError, WorkError
from azsim.output_file import make_folders
from azsim.speech.features import SAMPLE_RATE_HZ, log_mel
from azsim.train.corpus.heldout import UNSEEN_ESPEAK_VARIANTS
from azsim.train.corpus.manifest import load_manifest
from azsim.train.corpus.plan import PlannedUtterance, Planner, Subset
from azsim.train.corpus.recordings import read_sound
from azsim.train.corpus.scene import Conditions, make_pool, render
from azsim.train.corpus.store import Entry
from azsim.train.corpus.synth import speak
from azsim.train.corpus.voices import TRAIN_VOICES, named_voice, speaker_of

COLUMNS = (
    "file", "transcript", "voice", "engine", "unseen_voice",
    "speech_start_ms", "speech_end_ms", "noise", "room", "domain",
)  # fmt: skip
CONDITIONS = Conditions(
    lead_s=(0.25, 0.5),
    tail_s=(0.9, 1.1),
    peak=(0.05, 0.35),
    room_probability=0.22,
    noise_probability=0.24,
    snr_db=(10.0, 30.0),
    floor_db=(-86.0, -74.0),
)
MAX_WORDS = 9
COFFEE_OF_TEN = 4
SEEN_ESPEAK, SEEN_FLITE, SEEN_FESTIVAL = 36, 44, 24
UNSEEN_KED, UNSEEN_ESPEAK = 32, 72
MAX_TOTAL_BYTES = 9_000_000


def make(out: Path, seed: int) -> None:
    """Write the test speech, its manifest and its README, all or nothing; older test speech there goes.

    Raises:
        InputError: the folder holds something else.
        WorkError: the sound is larger than what may travel with the project.
    """
    if out.exists() and not (out.is_dir() and all(map(_is_of_a_set, out.iterdir()))):
        raise InputError(f"{out}: is no folder of test speech, or holds other files too; give a new one")
    make_folders(out)
    folder = Path(tempfile.mkdtemp(prefix=".azsim-", dir=out.parent))
    try:
        folder.chmod(0o755)
        _fill(folder, out, seed)
        shutil.rmtree(out, ignore_errors=True)
        os.replace(folder, out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_of_a_set(path: Path) -> bool:
    return path.name in ("manifest.csv", "README.md") or path.suffix == ".flac"


def _fill(folder: Path, out: Path, seed: int) -> None:
    utterances = plan_utterances(seed)
    sounds = speak([(utterance.voice, utterance.text) for utterance in utterances])
    pool = make_pool(seed)
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for utterance, sound in zip(utterances, sounds, strict=True):
            scene = render(sound, CONDITIONS, pool, utterance.rng)
            name = f"{utterance.id}.flac"
            soundfile.write(folder / name, scene.samples, SAMPLE_RATE_HZ, "PCM_16", compression_level=1.0)
            voice = utterance.voice
            bounds = (scene.speech_start_ms, scene.speech_end_ms)
            row = (name, utterance.text, voice.label, voice.engine, int(voice.unseen), *bounds)
            writer.writerow((*row, scene.noise, scene.room, utterance.domain))
    total_bytes = sum(path.stat().st_size for path in folder.glob("*.flac"))
    if total_bytes > MAX_TOTAL_BYTES:
        raise WorkError(f"{out}: the test speech has {total_bytes} bytes; at most {MAX_TOTAL_BYTES} may ship")
    (folder / "README.md").write_text(README.format(count=len(utterances), seed=seed, megabytes=total_bytes / 1e6))


def plan_utterances(seed: int) -> list[PlannedUtterance]:
    """The sentences and voices of the test speech; no sentence occurs twice."""
    planner = Planner(seed, Subset("test", "test", max_words=MAX_WORDS))
    used: set[str] = set()
    utterances = []
    for number, (engine, name) in enumerate(_voice_slots()):
        rng = np.random.default_rng([seed, 0x74657374, number])
        domain = "coffee" if number * 7 % 10 < COFFEE_OF_TEN else "speaker"
        text = planner.sentence(rng, domain)
        while text in used:
            text = planner.sentence(rng, domain)
        used.add(text)
        voice = named_voice(rng, engine, name)
        split = "test-unseen" if voice.unseen else "test-seen"
        utterances.append(PlannedUtterance(f"{split}-{number:03d}", split, text, domain, voice, rng))
    return utterances


def items(folder: Path) -> Iterator[tuple[Entry, np.ndarray]]:
    """Index entries and features of the stored test speech.

    Raises:
        InputError: the manifest or a file in it cannot be read.
    """
    for recording in load_manifest(folder / "manifest.csv"):
        extra = recording.extra
        entry: Entry = {
            "id": recording.path.stem,
            "split": "test-unseen" if extra["unseen_voice"] == "1" else "test-seen",
            "text": recording.transcript,
            "voice": extra["voice"],
            "engine": extra["engine"],
            "domain": extra["domain"],
            "source": "synth",
            "speaker": speaker_of(extra["voice"]),
            "speech_start_ms": int(extra["speech_start_ms"]),
            "speech_end_ms": int(extra["speech_end_ms"]),
            "noise": extra["noise"],
            "room": extra["room"],
        }
        yield entry, log_mel(read_sound(recording.path)).astype(np.float16)


def _voice_slots() -> list[tuple[str, str]]:
    slots: list[tuple[str, str]] = []
    for engine, count in (("espeak", SEEN_ESPEAK), ("flite", SEEN_FLITE), ("festival", SEEN_FESTIVAL)):
        names = TRAIN_VOICES[engine]
        slots += [(engine, names[number % len(names)]) for number in range(count)]
    slots += [("festival", "ked_diphone")] * UNSEEN_KED
    variants = UNSEEN_ESPEAK_VARIANTS
    slots += [("espeak", variants[number % len(variants)]) for number in range(UNSEEN_ESPEAK)]
    return slots


README = """# Test speech

{count} utterances of synthetic speech, {megabytes:.1f} MB, 16 kHz mono 16-bit FLAC, made by

    python -m azsim.train.corpus testset --out experiments/speech --seed {seed}

- `manifest.csv`: file, transcript, voice (engine:name), engine, unseen_voice (1: training never hears this speaker),
  speech_start_ms and speech_end_ms (true bounds of the speech, taken from the clean sound before padding and
  reverberation), noise (kind and signal-to-noise ratio), room (reverberation time), domain.
- No sentence occurs in training: a digest of the text decides on which side it stands
  (`azsim/train/corpus/heldout.py`). Names of people, artists, titles and cities are those that training knows.
- Half of the utterances are by unseen voices: festival's `ked` and sixteen espeak-ng variants. A voice is a human
  speaker across engines.
- About six in ten are smart-speaker commands, the others coffee orders. About four in ten have a synthetic room, or
  noise, babble or music mixed in at 10 to 30 dB.
- Speech begins 0.25 to 0.5 s into a file; 0.9 to 1.1 s follow its end.

## Licences

Sentences, rooms, noise and music are the project's own and stand under its licence. Nothing here is a recording of a
person. The speech is the output of these programs and voices, whose licences put no condition on it:

| program | voices | licence |
|---|---|---|
| espeak-ng 1.51 | English accents and variants | GPL-3.0-or-later (the program) |
| flite 2.2 | kal16, awb, rms, slt | BSD-like, Carnegie Mellon University |
| festival 2.5 | kal_diphone, ked_diphone | BSD-like, Centre for Speech Technology Research, University of Edinburgh |
| festival 2.5 | cmu_us_slt_arctic_hts | BSD-like, Carnegie Mellon University; BSD-3-clause, HTS Working Group |
"""
