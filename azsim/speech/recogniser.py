"""The recogniser: sound or features in, words and the work that a device has to do for them out.

::

    sound ──log-mel──> frames ──Stacker──> steps ──Encoder──> outputs ──Search──> labels ──> words, end-point, jobs
                       room tone ──until the end-point──^

What comes out depends on the sound alone, not on the pieces in which it came. A device does not know that a file ends:
after it the room goes on without speech (`azsim.speech.room_tone`) until the end-point has fired.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from azsim.compress.network import CompressedNetwork
from azsim.errors import InputError
from azsim.nn.normalisation import cycles_per_frame
from azsim.nn.rnnt.branching import Picker
from azsim.nn.rnnt.integer_rnnt import Encoder, IntegerModel
from azsim.speech.bounds import UNKNOWN, SpeechBounds, estimate_bounds
from azsim.speech.conclusion import Ended, JobMaker, Recognition, conclude
from azsim.speech.endpoint import LONGEST_TAIL_MS, SILENCE_MS, listening_steps, step_end_ms
from azsim.speech.endpointing.listening import EndPointer, EndPointListening, text_of
from azsim.speech.features import FRAME_LENGTH_MS, FRAME_SHIFT_MS, MEL_BINS, SAMPLE_RATE_HZ, log_mel
from azsim.speech.frontend import FeatureQuantiser, Stacker
from azsim.speech.jobs import Turned, job_chain
from azsim.speech.lattice.confidence import calibrated, word_posteriors
from azsim.speech.lattice.labels import LabelGraph
from azsim.speech.lattice.of_labels import word_lattice
from azsim.speech.room_tone import room_tone
from azsim.speech.search.choice import GREEDY, SearchChoice
from azsim.speech.search.greedy import Greedy
from azsim.speech.search.search import Found, SearchMaker
from azsim.speech.stage import StageJob
from azsim.speech.transcript import Word
from azsim.speech.wake_word import wake_outputs
from azsim.speech.work import Job

PART_STEPS = 12
"""Of the silence after a recording that are heard at a time until the end-pointer has decided."""
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
    ) -> None:
        self.compressed = compressed
        self.model = IntegerModel.of(compressed)
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


class Listener:
    """One utterance that comes in pieces of any size.

    Args:
        recogniser: who listens.
        utterance, record_inputs, wake_end_ms, picker: see :meth:`Recogniser.recognise`.

    Attributes:
        text_of: makes labels into text.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        utterance: str = "utterance",
        record_inputs: bool = False,
        wake_end_ms: int = 0,
        picker: Picker | None = None,
    ) -> None:
        network = recogniser.compressed.network
        self._recogniser, self._utterance, self._record = recogniser, utterance, record_inputs
        self._stacker = Stacker(recogniser.quantiser, network.stack)
        self._encoder = Encoder(recogniser.model, record_inputs, picker)
        self._search = recogniser.search(recogniser.model)
        self._stack, self._every = network.stack, network.steps_per_output
        self._wake_outputs = wake_outputs(network, wake_end_ms)
        self._unwritten = self._encoded = 0
        self.text_of = text_of(network)
        ends = recogniser.ends
        self._ends = None if ends is None else ends.listen(network, self._wake_outputs)
        self._ended: Ended | None = None

    def feed(self, frames: np.ndarray) -> None:
        """Take the next log-mel frames, ``(n, 64)``."""
        steps = self._stacker.feed(frames)
        if len(steps):
            encoded = self._encoder.push(steps)
            self._encoded += len(encoded)
            unwritten = min(self._wake_outputs - self._unwritten, len(encoded))
            self._unwritten += unwritten
            self._search.advance(encoded[unwritten:])
        if self._ends is not None:
            self._ends.hear(frames)
            for event in self._ends.decide(self._search, self._encoded):
                if event.kind == "commit":
                    self._ended = self._at(event.step)

    def _at(self, step: int) -> Ended:
        """What the best hypothesis was at the end of a step."""
        output = (step + 1) // self._every - 1 - self._wake_outputs
        best = self._search.hypotheses(output)[0] if output >= 0 else None
        if best is None:
            return Ended(step + 1, (), ())
        return Ended(step + 1, best.labels, tuple(self._unwritten + each for each in best.outputs))

    @property
    def outputs(self) -> int:
        """Encoder outputs that were searched."""
        return self._encoded - self._unwritten

    def words(self) -> tuple[Word, ...]:
        """Those at the end, or so far."""
        found = self._search.found()
        return conclude(
            self._recogniser.compressed.network,
            self._utterance,
            0,
            self._stacker.frames // self._stack,
            UNKNOWN,
            found.labels,
            tuple(self._unwritten + output for output in found.outputs),
            found.probabilities,
            ended=self._ended or self._at(self._every * self._encoded - 1),
        ).transcript.words

    def partials(self, first: int = 0) -> Iterator[tuple[int, str]]:
        """The best words after each encoder output that changed them, with the step at whose end they were known.

        Args:
            first: of the outputs searched that is looked at.
        """
        before = self._search.hypotheses(first - 1)[0].labels if first else ()
        for output in range(first, self.outputs):
            best = self._search.hypotheses(output)[0]
            if best.labels != before:
                before = best.labels
                yield (output + self._unwritten + 1) * self._every - 1, self.text_of(best.labels)

    @property
    def ends(self) -> EndPointListening | None:
        """The end-pointer's own listening; None under the fixed rule."""
        return self._ends

    @property
    def labels(self) -> tuple[int, ...]:
        """The labels so far."""
        return self._search.found().labels

    def found(self) -> Found:
        """All that the search found so far."""
        return self._search.found()

    @property
    def most_after(self) -> int:
        """Frames of silence that are heard after the recording at most."""
        if self._recogniser.ends is not None:
            return self._recogniser.ends.limits.most_ms // FRAME_SHIFT_MS + 2 * PART_STEPS * self._stack
        return (self._recogniser.silence_ms + LONGEST_TAIL_MS) // FRAME_SHIFT_MS + 2 * self._stack * self._every

    def finish(self, silence: np.ndarray, audio_ms: int, bounds: SpeechBounds) -> Recognition:
        """End the recording, listen to the silence after it until the end-point, and conclude.

        Args:
            silence: log-mel of what follows the recording, ``(most_after, 64)``.
            audio_ms: length of the recording.
            bounds: of its speech.

        Raises:
            ValueError: the silence is too short.
        """
        if len(silence) < self.most_after:
            raise ValueError(f"{len(silence)} frames of silence: must be {self.most_after}")
        recording = self._stacker.frames
        while missing := self.missing_frames(recording):
            start = self._stacker.frames - recording
            self.feed(silence[start : start + missing])
        network, model = self._recogniser.compressed.network, self._recogniser.model
        more = cycles_per_frame(network.normalisation, MEL_BINS)

        def jobs_of(steps: int, label_steps: Sequence[int]) -> tuple[Job, ...]:
            picked, programs = self._encoder.picked, self._recogniser.programs
            wake_steps, turns = self.wake_steps, self.turns
            return job_chain(steps, label_steps, programs, model.reduction, wake_steps, picked, more, turns)

        concluded = self.conclude(audio_ms, bounds, jobs_of)
        inputs = self.inputs_of(concluded.work.jobs)
        return replace(concluded, work=replace(concluded.work, inputs=inputs)) if inputs else concluded

    def missing_frames(self, recording: int) -> int:
        """Frames of the silence after a recording of so many that must still be heard, 0 if it has been long enough."""
        every = self._every
        if self._ends is not None:
            least = listening_steps(recording, -1, self._recogniser.silence_ms, every) * self._stack
            if self._ends.is_over or self._stacker.frames < least:
                return max(0, least - self._stacker.frames)
            whole = every * self._stack
            return -self._stacker.frames % whole + PART_STEPS // every * whole
        found = self._search.found()
        last = every * (self._unwritten + found.outputs[-1]) + every - 1 if found.outputs else -1
        steps = listening_steps(recording, last, self._recogniser.silence_ms, every)
        return max(0, steps * self._stack - self._stacker.frames)

    @property
    def wake_steps(self) -> int:
        """Steps of the wake word."""
        return self._unwritten * self._every

    @property
    def turns(self) -> list[Turned]:
        """Of the search, so far."""
        every = self._every
        return [
            Turned(every * (self._unwritten + turn.output) + every - 1, turn.joint, turn.prediction)
            for turn in self._search.found().turns
        ]

    @property
    def picked(self) -> Sequence[bool] | None:
        """Of an encoder with branches: whether each step took the large one."""
        return self._encoder.picked

    def conclude(self, audio_ms: int, bounds: SpeechBounds, jobs_of: JobMaker) -> Recognition:
        """Words, end-point and work of what was heard, when nothing more is missing.

        Args:
            audio_ms, bounds: as for `finish`.
            jobs_of: the device's jobs, from the steps until the end-point and the step of each label until then.
        """
        found = self._search.found()
        concluded = conclude(
            self._recogniser.compressed.network,
            self._utterance,
            audio_ms,
            self._stacker.frames // self._stack,
            bounds,
            found.labels,
            tuple(self._unwritten + output for output in found.outputs),
            found.probabilities,
            jobs_of,
            self.wake_steps,
            self._recogniser.silence_ms,
            self._ended,
        )
        return concluded if found.graph is None else self._with_lattice(concluded, found.graph)

    def _with_lattice(self, concluded: Recognition, graph: LabelGraph) -> Recognition:
        """The same with the lattice, and the confidence of each word from it."""
        network, chosen, every = self._recogniser.compressed.network, self._recogniser.lattices, self._every

        def time_ms(output: int) -> int:
            return step_end_ms(every * (self._unwritten + output) + every - 1)

        lattice = word_lattice(
            self._utterance, graph, network.pieces, time_ms, network.sentence_end, chosen.least_posterior
        )
        words = concluded.transcript.words
        sure = [calibrated(share, chosen.temperature) for share in word_posteriors(lattice, words)]
        timed = tuple(replace(word, word_posterior=share) for word, share in zip(words, sure))
        return replace(concluded, transcript=replace(concluded.transcript, words=timed), lattice=lattice)

    def inputs_of(self, jobs: Iterable[Job | StageJob]) -> dict[str, np.ndarray]:
        """int8 inputs of each matrix in the invocations that the jobs ask for; empty if none were recorded."""
        if not self._record:
            return {}
        inputs = {**self._encoder.inputs(), **self._search.found().inputs}
        invocations: Counter[str] = Counter()
        for job in jobs:
            invocations[job.name] += job.units
        return {
            matrix: inputs[matrix][: invocations[name]]
            for name, program in self._recogniser.programs.items()
            for matrix in program.matrices
        }


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
