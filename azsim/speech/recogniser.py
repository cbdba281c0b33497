"""The recogniser: sound or features in, words and the work that a device has to do for them out.

::

    sound ──Resampler──> Frontend ──steps──> Encoder ──outputs──> Search ──labels──> words, end-point, jobs

What comes out depends on the sound alone, not on the pieces in which it came.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from azsim.compress.network import CompressedNetwork
from azsim.errors import InputError
from azsim.nn.branching import Picker
from azsim.nn.integer_rnnt import Encoder, IntegerModel
from azsim.nn.normalisation import cycles_per_frame
from azsim.speech.audio import Resampler
from azsim.speech.conclusion import Recognition, conclude
from azsim.speech.features import FRAME_LENGTH_MS, FRAME_SHIFT_MS, SAMPLE_RATE_HZ
from azsim.speech.frontend import FeatureQuantiser, Frontend, stacked
from azsim.speech.jobs import job_chain
from azsim.speech.search import Greedy, Search
from azsim.speech.wake_word import wake_outputs
from azsim.speech.work import Job

SearchMaker = Callable[[IntegerModel], Search]


class Recogniser:
    """A compressed network, ready to listen; it keeps no state between utterances and may be shared by threads.

    Raises:
        CodecError: a bitstream of the network is damaged.
    """

    def __init__(self, compressed: CompressedNetwork, search: SearchMaker = Greedy) -> None:
        self.compressed = compressed
        self.model = IntegerModel.of(compressed)
        self.quantiser = FeatureQuantiser(compressed.network, self.model.feature_scale)
        self.search = search
        self.programs = compressed.network.programs()

    def recognise(
        self,
        sound: np.ndarray,
        utterance: str = "utterance",
        speech_end_ms: int | None = None,
        record_inputs: bool = False,
        wake_end_ms: int = 0,
        picker: Picker | None = None,
    ) -> Recognition:
        """Recognise a whole recording.

        Args:
            sound: float32 samples ``(n,)`` at 16 kHz in [-1, 1], or log-mel features ``(frames, 64)``.
            utterance: its name.
            speech_end_ms: true end of speech if it is known; otherwise it is estimated, and marked so.
            record_inputs: keep the int8 inputs of every matrix, for skip modes that look at activations.
            wake_end_ms: where a wake word at its beginning ends (`azsim.speech.wake_word`): the encoder hears it and
                keeps its state, but it is not written down.
            picker: of an encoder with branches, see `azsim.nn.integer_rnnt.Encoder`; a new one for each recording.

        Raises:
            InputError: there is not one whole frame.
        """
        if sound.ndim == 1:
            listener = Listener(self, utterance, record_inputs=record_inputs, wake_end_ms=wake_end_ms, picker=picker)
            listener.feed(sound)
            return listener.finish(speech_end_ms)
        if not len(sound):
            raise InputError(f"{utterance}: no features; at least {FRAME_LENGTH_MS} ms of sound are needed")
        network = self.compressed.network
        encoder, search = Encoder(self.model, record_inputs, picker), self.search(self.model)
        encoded = encoder.push(stacked(self.quantiser(sound), network.stack, self.model.reduction))
        unwritten = min(wake_outputs(network, wake_end_ms), len(encoded))
        search.advance(encoded[unwritten:])
        audio_ms = (len(sound) - 1) * FRAME_SHIFT_MS + FRAME_LENGTH_MS
        return self.conclude(utterance, sound, audio_ms, speech_end_ms, encoder, search, record_inputs, unwritten)

    def conclude(
        self,
        utterance: str,
        features: np.ndarray,
        audio_ms: int,
        speech_end_ms: int | None,
        encoder: Encoder,
        search: Search,
        record_inputs: bool,
        unwritten: int = 0,
    ) -> Recognition:
        """Words, end-point and work of an utterance whose whole sound went through ``encoder``.

        Its outputs went through ``search`` but for the first ``unwritten`` ones, those of a wake word.
        """
        found = search.found()
        wake_steps = unwritten * self.model.reduction

        def jobs_of(steps: int, label_steps: Sequence[int]) -> tuple[Job, ...]:
            reduction, picked = self.model.reduction, encoder.picked
            more = cycles_per_frame(self.compressed.network.normalisation, features.shape[1])
            return job_chain(
                steps, len(features), audio_ms, label_steps, self.programs, reduction, wake_steps, picked, more
            )

        concluded = conclude(
            self.compressed.network,
            utterance,
            features,
            audio_ms,
            speech_end_ms,
            found.labels,
            tuple(unwritten + output for output in found.outputs),
            found.probabilities,
            jobs_of,
            wake_steps,
        )
        if not record_inputs:
            return concluded
        inputs = self._inputs_until(concluded.work.jobs, {**encoder.inputs(), **found.inputs})
        return replace(concluded, work=replace(concluded.work, inputs=inputs))

    def _inputs_until(self, jobs: Sequence[Job], inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Only the invocations that the jobs ask for."""
        invocations = Counter(job.name for job in jobs)
        return {
            matrix: inputs[matrix][: invocations[name]]
            for name, program in self.programs.items()
            for matrix in program.matrices
        }


class Listener:
    """One utterance that comes in pieces of any size.

    Args:
        rate_hz: of the pieces; they are ``(n,)`` or ``(n, channels)``.
        record_inputs, wake_end_ms, picker: see :meth:`Recogniser.recognise`.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        utterance: str = "utterance",
        rate_hz: int = SAMPLE_RATE_HZ,
        record_inputs: bool = False,
        wake_end_ms: int = 0,
        picker: Picker | None = None,
    ) -> None:
        model = recogniser.model
        self._recogniser, self._utterance, self._record = recogniser, utterance, record_inputs
        self._resampler = Resampler(rate_hz, utterance)
        self._frontend = Frontend(recogniser.quantiser, recogniser.compressed.network.stack, model.reduction)
        self._encoder, self._search = Encoder(model, record_inputs, picker), recogniser.search(model)
        self._wake_outputs = wake_outputs(recogniser.compressed.network, wake_end_ms)
        self._unwritten = self._samples = 0

    def feed(self, piece: np.ndarray) -> None:
        """Take the next piece of sound.

        Raises:
            InputError: it holds samples that are not numbers.
        """
        samples = self._resampler.feed(piece)
        self._samples += samples.size
        self._advance(self._frontend.feed(samples))

    @property
    def labels(self) -> tuple[int, ...]:
        """The labels so far."""
        return self._search.found().labels

    def finish(self, speech_end_ms: int | None = None) -> Recognition:
        """End the utterance; see :meth:`Recogniser.recognise`.

        Raises:
            InputError: there was not one whole frame.
        """
        samples = self._resampler.finish()
        self._samples += samples.size
        self._advance(self._frontend.feed(samples))
        self._advance(self._frontend.finish())
        if not self._frontend.frames:
            raise InputError(f"{self._utterance}: no whole frame; at least {FRAME_LENGTH_MS} ms of sound are needed")
        audio_ms = self._samples * 1000 // SAMPLE_RATE_HZ
        return self._recogniser.conclude(
            self._utterance, self._frontend.log_mel, audio_ms, speech_end_ms, self._encoder, self._search, self._record,
            self._unwritten,
        )  # fmt: skip

    def _advance(self, steps: np.ndarray) -> None:
        if len(steps):
            encoded = self._encoder.push(steps)
            unwritten = min(self._wake_outputs - self._unwritten, len(encoded))
            self._unwritten += unwritten
            self._search.advance(encoded[unwritten:])


def recognise_many(
    compressed: CompressedNetwork,
    sounds: Sequence[np.ndarray],
    utterances: Sequence[str] | None = None,
    speech_end_ms: Sequence[int | None] | None = None,
    record_inputs: bool = False,
    threads: int = 1,
    search: SearchMaker = Greedy,
    wake_end_ms: Sequence[int] | None = None,
) -> list[Recognition]:
    """Recognise recordings one after another, or on several threads; the results are the same.

    Args:
        compressed: the network.
        sounds: each is sound or features, as :meth:`Recogniser.recognise` takes them.
        utterances: their names; by default their numbers.
        speech_end_ms: their true ends of speech, None where it is not known.
        record_inputs: see :meth:`Recogniser.recognise`.
        threads: how many utterances run side by side.
        search: what makes the search of each.
        wake_end_ms: where their wake words end, 0 without one.
    """
    recogniser = Recogniser(compressed, search)
    names = utterances if utterances is not None else [str(i) for i in range(len(sounds))]
    ends = speech_end_ms if speech_end_ms is not None else [None] * len(sounds)

    wakes = wake_end_ms if wake_end_ms is not None else [0] * len(sounds)

    def one(sound: np.ndarray, name: str, end: int | None, wake: int) -> Recognition:
        return recogniser.recognise(sound, name, end, record_inputs, wake)

    if threads == 1:
        return [one(*each) for each in zip(sounds, names, ends, wakes, strict=True)]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, sounds, names, ends, wakes))
