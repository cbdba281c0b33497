"""What every end-pointer of the report sees of a recording, step by step of 30 ms, found once.

::

    recording + 3 s of its room ──> recogniser, beam ──> expected pause, best words ──> sentence end ─┐
                                ├─> voice activity ──> speech, ended ─────────────────────────────────┴─> Track
                                └─> peers ──> their posterior of speech
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from azsim.compress.network import CompressedNetwork
from azsim.speech.bounds import estimate_bounds
from azsim.speech.endpoint import step_end_ms
from azsim.speech.endpointing.listening import EndPointer, EndPointNetworks
from azsim.speech.endpointing.voice_activity import ENDED, SPEECH
from azsim.speech.features import SAMPLE_RATE_HZ, STEP_MS, log_mel
from azsim.speech.listener import Listener
from azsim.speech.recogniser import Recogniser
from azsim.speech.search.choice import SearchChoice
from experiments.endpointing.peers import Peer

TAIL_S, MIRRORED_S = 3.0, 0.4
"""Of the room after a recording; of its end, which goes there and back where no tone is added."""


@dataclass(frozen=True)
class TrackRecording:
    """A recording as it is measured in: its room goes on for 3 s.

    Attributes:
        name, speaker: of the manifest.
        reference: what was said.
        end_ms: true end of speech; of people's recordings it is estimated.
        frames: log-mel ``(n, 64)``, with the room after it.
        sound: likewise, float32 at 16 kHz; None where features alone are kept.
    """

    name: str
    speaker: str
    reference: str
    end_ms: int
    frames: np.ndarray
    sound: np.ndarray | None = None


def with_room(sound: np.ndarray) -> np.ndarray:
    """A recording and its last 400 ms there and back for 3 s."""
    last = sound[-round(MIRRORED_S * SAMPLE_RATE_HZ) :]
    tail = np.resize(np.concatenate([last[::-1], last]), round(TAIL_S * SAMPLE_RATE_HZ))
    return np.concatenate([sound, tail]).astype(np.float32)


def estimated_end_ms(sound: np.ndarray) -> int | None:
    """The end of speech that ``azsim compare`` estimates; None where it cannot."""
    return estimate_bounds(log_mel(sound)).end_ms


@dataclass(frozen=True)
class Track:
    """One recording, heard by a beam; arrays have a place for each step, at whose end they are known.

    Attributes:
        recording: what was heard.
        said: number of the best words in ``texts``; 0 before any.
        texts: all words that were the best at some step, the first of them none.
        whole: the words of the whole recording.
        pause_ms: expected pause at the end of the hypotheses; -1 before the first label.
        last_label_ms: when the last label of the whole recording was known, -1 without one.
        speech, ended: posteriors by the sound.
        sentence_end: posterior of the best words.
        peers: name of a peer -> its posterior of speech.
    """

    recording: TrackRecording
    said: np.ndarray
    texts: tuple[str, ...]
    whole: str
    pause_ms: np.ndarray
    last_label_ms: int
    speech: np.ndarray
    ended: np.ndarray
    sentence_end: np.ndarray
    peers: Mapping[str, np.ndarray]

    @property
    def steps(self) -> int:
        """Of the recording and the room after it."""
        return len(self.speech)

    @property
    def unchanged_ms(self) -> np.ndarray:
        """Since the best words last became others; -1 before the first."""
        at = np.arange(self.steps)
        changed = np.concatenate([[False], self.said[1:] != self.said[:-1]]) | ((at == 0) & (self.said > 0))
        last = np.maximum.accumulate(np.where(changed, at, -1))
        return np.where(self.said > 0, (at - last) * STEP_MS, -1)

    def delivered(self, step: int) -> str:
        """The words at the end of a step."""
        return self.texts[int(self.said[step])]

    def emission_ms(self) -> int | None:
        """From the true end of speech to the last label; below 0 where it came before."""
        return None if self.last_label_ms < 0 else self.last_label_ms - self.recording.end_ms


def quiet_ms(speech: np.ndarray, above: float) -> np.ndarray:
    """Since a step was last speech, at the end of each step, 0 while it is."""
    at = np.arange(len(speech))
    last = np.maximum.accumulate(np.where(speech > above, at, -1))
    return (at - last) * STEP_MS


def listener_of(compressed: CompressedNetwork, search: SearchChoice, networks: EndPointNetworks) -> Recogniser:
    """The recogniser whose end-pointer sees what tracks are made of."""
    return Recogniser(compressed, search.maker(), lattices=search, ends=EndPointer(networks))


def track_of(recording: TrackRecording, recogniser: Recogniser, peers: Sequence[Peer] = ()) -> Track:
    """Hear a recording with everything; the end-pointer's decisions are not looked at."""
    listener = Listener(recogniser, recording.name)
    listener.feed(np.asarray(recording.frames, np.float32))
    ends = listener.ends
    assert ends is not None
    numbers = {"": 0}
    said = [numbers.setdefault(listener.text_of(pause.labels), len(numbers)) for pause in ends.pauses]
    steps, found, every = len(said), listener.found(), recogniser.compressed.network.steps_per_output
    posteriors = np.array(ends.posteriors)[:steps]
    return Track(
        recording=recording,
        said=np.array(said),
        texts=tuple(numbers),
        whole=listener.text_of(found.labels),
        pause_ms=np.array([pause.expected_ms if pause.labels else -1.0 for pause in ends.pauses]),
        last_label_ms=step_end_ms(every * found.outputs[-1] + every - 1) if found.outputs else -1,
        speech=posteriors[:, SPEECH],
        ended=posteriors[:, ENDED],
        sentence_end=np.array([pause.sentence_end for pause in ends.pauses]),
        peers={} if recording.sound is None else {peer.name: peer.posteriors(recording.sound, steps) for peer in peers},
    )
