"""The recogniser: sound or features in, words and the work that a device has to do for them out.

::

    sound ──log-mel──> frames ──Stacker──> steps ──Encoder──> outputs ──Search──> labels ──> words, end-point, jobs
                       room tone ──until the end-point──^

What comes out depends on the sound alone, not on the pieces in which it came. A device does not know that a file ends:
after it the room goes on without speech (`azsim.speech.room_tone`) until the end-point has fired.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from azsim.compress.network import CompressedNetwork
from azsim.errors import InputError
from azsim.nn.rnnt.branching import Picker
from azsim.nn.rnnt.integer_rnnt import IntegerModel
from azsim.nn.rnnt.told import Told
from azsim.speech.bounds import SpeechBounds, estimate_bounds
from azsim.speech.conclusion import Recognition
from azsim.speech.context.attention import AttentionNetwork
from azsim.speech.context.names import AUDIO, SAID
from azsim.speech.endpoint import SILENCE_MS
from azsim.speech.endpointing.listening import EndPointer
from azsim.speech.features import FRAME_LENGTH_MS, FRAME_SHIFT_MS, SAMPLE_RATE_HZ, log_mel
from azsim.speech.frontend import FeatureQuantiser
from azsim.speech.listener import Listener
from azsim.speech.room_tone import room_tone
from azsim.speech.search.choice import GREEDY, SearchChoice
from azsim.speech.search.greedy import Greedy
from azsim.speech.search.search import SearchMaker

PIECE_FRAMES = 1_000
"""Of a long recording that are heard at a time, so that what is kept in between does not grow with its length."""


class Recogniser:
    """A compressed network, ready to listen; it keeps no state between utterances and may be shared by threads.

    Args:
        compressed: the network.
        search: what makes the search of each utterance.
        silence_ms: of the fixed rule: without a new label, after which the end-point fires.
        lattices: how lattices are pruned and calibrated, of a search that keeps them.
        ends: the end-pointer, in place of the fixed rule.
        attention: to a user's names, whose part in the joint the search sees.

    Raises:
        CodecError: a bitstream of the network is damaged.
    """

    def __init__(
        self,
        compressed: CompressedNetwork,
        search: SearchMaker = Greedy,
        silence_ms: int = SILENCE_MS,
        lattices: SearchChoice = GREEDY,
        ends: EndPointer | None = None,
        attention: AttentionNetwork | None = None,
    ) -> None:
        self.compressed = compressed
        self.model = IntegerModel.of(compressed)
        self.told = Told.nothing() if attention is None else attention.told(AUDIO)
        if attention is not None:
            networks = self.model.networks._replace(told=attention.told(SAID))
            self.model = replace(self.model, networks=networks)
        self.quantiser = FeatureQuantiser(compressed.network, self.model.feature_scale)
        self.search = search
        self.silence_ms, self.ends = silence_ms, ends
        self.lattices = lattices
        self.programs = compressed.network.programs()

    def recognise(
        self,
        sound: np.ndarray,
        utterance: str = "utterance",
        bounds: SpeechBounds | None = None,
        record_inputs: bool = False,
        wake_end_ms: int = 0,
        picker: Picker | None = None,
        audio_ms: int | None = None,
    ) -> Recognition:
        """Recognise a whole recording.

        Args:
            sound: float32 samples ``(n,)`` at 16 kHz in [-1, 1], or log-mel features ``(frames, 64)``.
            utterance: its name.
            bounds: of the speech; by default they are estimated, and marked so.
            record_inputs: keep the int8 inputs of every matrix, for skip modes that look at activations.
            wake_end_ms: where a wake word at its beginning ends (`azsim.speech.wake_word`): the encoder hears it and
                keeps its state, but it is not written down.
            picker: of an encoder with branches, see `azsim.nn.rnnt.integer_rnnt.Encoder`; a new one for each recording.
            audio_ms: length of the recording whose features these are; by default that of its frames.

        Raises:
            InputError: there is not one whole frame.
        """
        frames = log_mel(sound) if sound.ndim == 1 else sound
        if not len(frames):
            raise InputError(f"{utterance}: no whole frame; at least {FRAME_LENGTH_MS} ms of sound are needed")
        if sound.ndim == 1:
            audio_ms = sound.size * 1000 // SAMPLE_RATE_HZ
        elif audio_ms is None:
            audio_ms = (len(frames) - 1) * FRAME_SHIFT_MS + FRAME_LENGTH_MS
        listener = Listener(self, utterance, record_inputs, wake_end_ms, picker)
        for start in range(0, len(frames), PIECE_FRAMES):
            listener.feed(frames[start : start + PIECE_FRAMES])
        return listener.finish(room_tone(frames, listener.most_after), audio_ms, bounds or estimate_bounds(frames))


def recognise_many(
    compressed: CompressedNetwork,
    sounds: Sequence[np.ndarray],
    utterances: Sequence[str] | None = None,
    bounds: Sequence[SpeechBounds | None] | None = None,
    record_inputs: bool = False,
    threads: int = 1,
    search: SearchMaker = Greedy,
    wake_end_ms: Sequence[int] | None = None,
    audio_ms: Sequence[int | None] | None = None,
    silence_ms: int = SILENCE_MS,
    ends: EndPointer | None = None,
) -> list[Recognition]:
    """Recognise recordings one after another, or on several threads; the results are the same.

    Args:
        compressed: the network.
        sounds: each is sound or features, as :meth:`Recogniser.recognise` takes them.
        utterances: their names; by default their numbers.
        bounds: of their speech, None where they are to be estimated.
        record_inputs: see :meth:`Recogniser.recognise`.
        threads: how many utterances run side by side.
        search: what makes the search of each.
        wake_end_ms: where their wake words end, 0 without one.
        audio_ms: their lengths, where features are given.
        silence_ms, ends: see `Recogniser`.
    """
    recogniser = Recogniser(compressed, search, silence_ms, ends=ends)
    count = len(sounds)
    names = utterances if utterances is not None else [str(i) for i in range(count)]
    known = bounds if bounds is not None else [None] * count
    wakes = wake_end_ms if wake_end_ms is not None else [0] * count
    lengths = audio_ms if audio_ms is not None else [None] * count

    def one(sound: np.ndarray, name: str, own: SpeechBounds | None, wake: int, length: int | None) -> Recognition:
        return recogniser.recognise(sound, name, own, record_inputs, wake, audio_ms=length)

    if threads == 1:
        return [one(*each) for each in zip(sounds, names, known, wakes, lengths, strict=True)]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, sounds, names, known, wakes, lengths))
