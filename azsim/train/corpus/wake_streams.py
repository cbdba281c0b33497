"""The streams of a corpus: which voice says the wake word, which the command, and who talks behind them.

::

    synthetic commands   "alexa" by the same voice, by another one, or by a person      ──> stream-train, stream-dev
    real orders          opening words of another order by the same person, or "alexa"  ──> real-stream-train, -dev
                         by another one

For training, half of the streams are quiet, the other half has another voice behind it: another command, or somebody
who reads a book. There the wake word is always of the voice that is to be written down. For measuring, every command
occurs with every kind of wake word, in the quiet and with the same voice behind it at three levels.

No person is known who says both "alexa" and a command, so real orders borrow the opening words of another order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np

from azsim.spawned import spread
from azsim.speech.features import SAMPLE_RATE_HZ, log_mel
from azsim.train.corpus.manifest import load_manifest
from azsim.train.corpus.plan import PlannedUtterance, Planner, Subset
from azsim.train.corpus.real import heldout_speakers, split_of
from azsim.train.corpus.recordings import SourceRecording, cut_at_pauses, read_sound
from azsim.train.corpus.store import Entry
from azsim.train.corpus.synth import speak
from azsim.train.corpus.untranscribed import load_untranscribed
from azsim.train.corpus.wake_scene import Take, compose, opening, recorded_take, synthetic_take

WAKE_WORD = "alexa"
SAME, OTHER = "same voice", "other voice"
SYNTHETIC, REAL, OPENING = "synthetic", "real", "opening words"
QUIET = "none"

BATCH = 50
TRAIN_BELOW_DB = (-2.0, 15.0)
TEST_BELOW_DB = (10, 5, 0)
REAL_ROUNDS = 2
LONGEST_WAKE_WORD_S = 1.5
TRAIN_WAKES = ((SAME, SYNTHETIC), (OTHER, SYNTHETIC), (OTHER, REAL))
TRAIN_WAKE_SHARES = (0.6, 0.2, 0.2)
TRAIN = Subset("stream-train", "train")
TEST = (Subset("stream-dev", "test", max_words=9), Subset("stream-dev-unseen", "test", unseen_voices=True, max_words=9))


@dataclass(frozen=True)
class People:
    """Recordings of people on one side: who says the wake word, who reads, who orders."""

    wake_words: tuple[SourceRecording, ...]
    readers: tuple[SourceRecording, ...]
    orders: tuple[SourceRecording, ...]

    @classmethod
    def load(cls, data: Path, side: str, test_sentences: Collection[str] = ()) -> People:
        """Those of a data folder's ``wakeword``, ``speakers`` and ``barista``; ``side`` is ``train`` or ``test``.

        Raises:
            InputError: a manifest or a recording is missing.
        """
        orders = list(load_manifest(data / "barista" / "manifest.csv"))
        heldout = heldout_speakers(orders)
        split = "real-train" if side == "train" else "real-dev"
        wanted = [r for r in orders if r.transcript and split_of(r, heldout) == split]
        words, readers = (load_untranscribed(data / name) for name in ("wakeword", "speakers"))
        return cls(
            tuple(r for r in words if r.extra["split"] == side and r.extra["word"] == WAKE_WORD),
            tuple(r for r in readers if r.extra["split"] == side),
            tuple(r for r in wanted if side == "test" or r.transcript not in test_sentences),
        )


@dataclass(frozen=True)
class SpokenCommand:
    """A command, what its index entry holds, and what may go with it.

    Attributes:
        entry: without what depends on the stream.
        take: the command.
        wakes: wake words by voice and source.
        rival: what another voice says behind it.
    """

    entry: Entry
    take: Take
    wakes: dict[tuple[str, str], Take]
    rival: Take


def train_items(people: People, commands: int, seed: int, workers: int) -> Iterator[tuple[Entry, np.ndarray]]:
    """Two streams of each synthetic command, four of each real order: half of them quiet."""
    firsts = range(0, commands, BATCH)
    batch = partial(_train_batch, people=people, seed=seed, commands=commands)
    real = partial(_real_train_batch, people=people, seed=seed)
    for rendered in spread(batch, firsts, workers):
        yield from rendered
    for rendered in spread(real, range(0, len(people.orders), BATCH), workers):
        yield from rendered


def measured_items(people: People, commands: int, seed: int, workers: int) -> Iterator[tuple[Entry, np.ndarray]]:
    """Every command with every wake word and level of another voice; half of the synthetic ones by unseen voices."""
    batch = partial(_test_batch, people=people, seed=seed, commands=commands // len(TEST))
    for rendered in spread(batch, range(len(TEST)), workers):
        yield from rendered
    real = partial(_real_test_batch, people=people, seed=seed)
    for rendered in spread(real, range(0, len(people.orders), BATCH), workers):
        yield from rendered


def _train_batch(first: int, people: People, seed: int, commands: int) -> list[tuple[Entry, np.ndarray]]:
    made = _synthetic(TRAIN, range(first, min(first + BATCH, commands)), people, seed)
    rendered = []
    for number, command in enumerate(made, first):
        rng = np.random.default_rng([seed, 0x73747265, number])
        kind = TRAIN_WAKES[int(rng.choice(len(TRAIN_WAKES), p=TRAIN_WAKE_SHARES))]
        rendered += [_stream(command, kind, None, rng), _stream(command, (SAME, SYNTHETIC), _below_db(rng), rng)]
    return rendered


def _real_train_batch(first: int, people: People, seed: int) -> list[tuple[Entry, np.ndarray]]:
    rendered = []
    for turn in range(REAL_ROUNDS):
        for number in range(first, min(first + BATCH, len(people.orders))):
            rng = np.random.default_rng([seed, 0x7265616C, number, turn])
            command = _ordered(people, number, "real-stream-train", rng)
            kinds = list(command.wakes)
            rendered.append(_stream(command, kinds[int(rng.integers(len(kinds)))], None, rng, turn))
            if (SAME, OPENING) in command.wakes:
                rendered.append(_stream(command, (SAME, OPENING), _below_db(rng), rng, turn))
    return rendered


def _test_batch(subset: int, people: People, seed: int, commands: int) -> list[tuple[Entry, np.ndarray]]:
    made = _synthetic(TEST[subset], range(commands), people, seed)
    return [each for number, command in enumerate(made) for each in _grid(command, [seed, subset, number])]


def _real_test_batch(first: int, people: People, seed: int) -> list[tuple[Entry, np.ndarray]]:
    rendered = []
    for number in range(first, min(first + BATCH, len(people.orders))):
        rng = np.random.default_rng([seed, 0x646576, number])
        rendered += _grid(_ordered(people, number, "real-stream-dev", rng), [seed, len(TEST), number])
    return rendered


def _grid(command: SpokenCommand, seed: list[int]) -> Iterator[tuple[Entry, np.ndarray]]:
    for kind in command.wakes:
        for below_db in (None, *TEST_BELOW_DB):
            yield _stream(command, kind, below_db, np.random.default_rng(seed))


def _below_db(rng: np.random.Generator) -> float:
    return float(rng.uniform(*TRAIN_BELOW_DB))


def _stream(
    command: SpokenCommand, kind: tuple[str, str], below_db: float | None, rng: np.random.Generator, turn: int = 0
) -> tuple[Entry, np.ndarray]:
    rival = None if below_db is None else command.rival
    stream = compose(command.wakes[kind], command.take, rival, below_db or 0.0, rng)
    background = QUIET if below_db is None else f"{below_db:.0f} dB"
    entry: Entry = {
        **command.entry,
        "id": f"{command.entry['id']}-{turn}-{'-'.join(kind)}-{background}".replace(" ", "-"),
        "wake_voice": kind[0],
        "wake_source": kind[1],
        "wake_end_ms": stream.wake_end_ms,
        "background": background,
        "speech_start_ms": stream.speech_start_ms,
        "speech_end_ms": stream.speech_end_ms,
    }
    return entry, log_mel(stream.samples).astype(np.float16)


def _synthetic(subset: Subset, numbers: Sequence[int], people: People, seed: int) -> Iterator[SpokenCommand]:
    """Synthetic commands with their wake words; the others of the batch lend theirs and talk behind them."""
    planner = Planner(seed, subset)
    planned = [planner.utterance(number) for number in numbers]
    texts = [*((each.voice, each.text) for each in planned), *((each.voice, WAKE_WORD) for each in planned)]
    takes = [synthetic_take(sound, each.voice.speaker) for sound, each in zip(speak(texts), 2 * planned, strict=True)]
    said, woken = takes[: len(planned)], takes[len(planned) :]
    for each, take, wake in zip(planned, said, woken, strict=True):
        rng = each.rng
        wakes = {
            (SAME, SYNTHETIC): wake,
            (OTHER, SYNTHETIC): _other(woken, take.speaker, rng),
            (OTHER, REAL): _woken(people, rng),
        }
        rival = _other(said, take.speaker, rng) if rng.random() < 0.5 else _read(people.readers, rng)
        yield SpokenCommand(_planned_entry(each), take, wakes, rival)


def _planned_entry(planned: PlannedUtterance) -> Entry:
    return {
        "id": planned.id,
        "split": planned.split.removesuffix("-unseen"),
        "text": planned.text,
        "voice": planned.voice.label,
        "engine": planned.voice.engine,
        "domain": planned.domain,
        "source": "synth",
        "speaker": planned.voice.speaker,
    }


def _ordered(people: People, number: int, split: str, rng: np.random.Generator) -> SpokenCommand:
    """A real order, with the opening words of another one by the same person if there is one."""
    order = people.orders[number]
    wakes = {(OTHER, REAL): _woken(people, rng)}
    more = [r for r in people.orders if r.speaker == order.speaker and r.path != order.path]
    if more:
        wakes = {(SAME, OPENING): opening(_take(more[int(rng.integers(len(more)))])), **wakes}
    others = [r for r in people.orders if r.speaker != order.speaker]
    rival = _recorded(others, rng) if rng.random() < 0.5 else _read(people.readers, rng)
    entry: Entry = {
        "id": f"{split}-{order.path.stem}",
        "split": split,
        "text": order.transcript,
        "voice": order.speaker,
        "engine": "human",
        "domain": "coffee",
        "source": "real",
        "speaker": order.speaker,
        "endpoint": "estimated",
    }
    return SpokenCommand(entry, _take(order), wakes, rival)


def _other(takes: Sequence[Take], speaker: str, rng: np.random.Generator) -> Take:
    others = [take for take in takes if take.speaker != speaker]
    return others[int(rng.integers(len(others)))]


def _woken(people: People, rng: np.random.Generator) -> Take:
    """A person's wake word; where noise was taken for speech, it would be too long for one."""
    while True:
        take = _recorded(people.wake_words, rng)
        if take.finish - take.begin <= LONGEST_WAKE_WORD_S * SAMPLE_RATE_HZ:
            return take


def _recorded(recordings: Sequence[SourceRecording], rng: np.random.Generator) -> Take:
    return _take(recordings[int(rng.integers(len(recordings)))])


def _read(readers: Sequence[SourceRecording], rng: np.random.Generator) -> Take:
    recording = readers[int(rng.integers(len(readers)))]
    pieces = cut_at_pauses(read_sound(recording.path))
    return recorded_take(pieces[int(rng.integers(len(pieces)))], recording.speaker)


def _take(recording: SourceRecording) -> Take:
    return _take_of(recording.path, recording.speaker)


@cache
def _take_of(path: Path, speaker: str) -> Take:
    return recorded_take(read_sound(path), speaker)
