"""What every end-pointer of the report sees of a recording, step by step of 30 ms, found once.

::

    recording + 3 s of its room ──> recogniser ──> labels, their steps, the words until each
                                ├─> the two networks ──> speech, ended; sentence end of the words so far
                                └─> peers ──> their posterior of speech
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from azsim.speech.bounds import estimate_bounds
from azsim.speech.endpoint import step_end_ms
from azsim.speech.endpointing.listening import EndPointNetworks, text_of
from azsim.speech.endpointing.sentence_end import SentenceEnd
from azsim.speech.endpointing.voice_activity import ENDED, SPEECH, VoiceActivity
from azsim.speech.features import SAMPLE_RATE_HZ, STACKED_FRAMES, STEP_MS, log_mel
from azsim.speech.listener import Listener
from azsim.speech.recogniser import Recogniser
from experiments.endpointing.peers import Peer

TAIL_S, MIRRORED_S = 3.0, 0.4
"""Of the room after a recording; of its end, which goes there and back where no tone is added."""


@dataclass(frozen=True)
class Recording:
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
    """One recording, heard.

    Attributes:
        recording: what was heard.
        label_steps: step at whose end each label was known.
        texts: words after so many labels, from none to all.
        speech, ended: posteriors of each step.
        sentence_end: of the words after so many labels.
        peers: name of a peer -> its posterior of speech at each step.
    """

    recording: Recording
    label_steps: np.ndarray
    texts: tuple[str, ...]
    speech: np.ndarray
    ended: np.ndarray
    sentence_end: np.ndarray
    peers: Mapping[str, np.ndarray]

    @property
    def steps(self) -> int:
        """Of the recording and the room after it."""
        return len(self.speech)

    @property
    def labels(self) -> np.ndarray:
        """How many labels are known at the end of each step."""
        return np.searchsorted(self.label_steps, np.arange(self.steps), side="right")

    @property
    def pause_ms(self) -> np.ndarray:
        """Since the last label, at the end of each step; -1 before the first."""
        count = self.labels
        if not len(self.label_steps):
            return np.full(self.steps, -1)
        last = self.label_steps[np.maximum(count - 1, 0)]
        return np.where(count > 0, (np.arange(self.steps) - last) * STEP_MS, -1)

    def delivered(self, step: int) -> str:
        """The words until the end of a step."""
        return self.texts[int(np.searchsorted(self.label_steps, step, side="right"))]

    def emission_ms(self) -> int | None:
        """From the true end of speech to the last label; below 0 where it came before."""
        if not len(self.label_steps):
            return None
        return step_end_ms(int(self.label_steps[-1])) - self.recording.end_ms


def quiet_ms(speech: np.ndarray, above: float) -> np.ndarray:
    """Since a step was last speech, at the end of each step, 0 while it is."""
    at = np.arange(len(speech))
    last = np.maximum.accumulate(np.where(speech > above, at, -1))
    return (at - last) * STEP_MS


def track_of(
    recording: Recording, recogniser: Recogniser, networks: EndPointNetworks, peers: Sequence[Peer] = ()
) -> Track:
    """Hear a recording with everything."""
    network = recogniser.compressed.network
    frames = np.asarray(recording.frames, np.float32)
    listener = Listener(recogniser, recording.name)
    listener.feed(frames)
    found = listener.found()
    every, text = network.steps_per_output, text_of(network)
    texts = tuple(text(found.labels[:count]) for count in range(len(found.labels) + 1))
    assert networks.sentence_end is not None
    reader = SentenceEnd(*networks.sentence_end)
    posteriors = VoiceActivity(*networks.voice_activity).feed(frames)
    steps = len(frames) // STACKED_FRAMES
    return Track(
        recording=recording,
        label_steps=np.array([every * output + every - 1 for output in found.outputs], np.int64),
        texts=texts,
        speech=posteriors[:steps, SPEECH],
        ended=posteriors[:steps, ENDED],
        sentence_end=np.array([reader.posterior(each) for each in texts]),
        peers={} if recording.sound is None else {peer.name: peer.posteriors(recording.sound, steps) for peer in peers},
    )
