"""One utterance on its way through the recogniser: pieces of any size in, words so far and in the end out.

::

    frames ──Stacker──> steps ──Encoder──> outputs ──Search──> labels ──┬──> words and partial words so far
      └──> end-pointer: has it ended? ──────────────────────────────────┴──finish──> words, end-point, jobs, lattice
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from azsim.nn.normalisation import cycles_per_frame
from azsim.nn.rnnt.branching import Picker
from azsim.nn.rnnt.integer_rnnt import Encoder
from azsim.nn.rnnt.told import told_views
from azsim.speech.bounds import UNKNOWN, SpeechBounds
from azsim.speech.conclusion import Ended, JobMaker, Recognition, conclude
from azsim.speech.endpoint import LONGEST_TAIL_MS, listening_steps, step_end_ms
from azsim.speech.endpointing.listening import EndPointListening, text_of
from azsim.speech.features import FRAME_SHIFT_MS, MEL_BINS
from azsim.speech.frontend import Stacker
from azsim.speech.jobs import StepTurn, job_chain
from azsim.speech.lattice.confidence import calibrated, word_posteriors
from azsim.speech.lattice.labels import LabelGraph
from azsim.speech.lattice.lattice import Lattice
from azsim.speech.lattice.of_labels import word_lattice
from azsim.speech.search.search import Found
from azsim.speech.stage import StageJob
from azsim.speech.transcript import Word
from azsim.speech.wake_word import wake_outputs
from azsim.speech.work import Job

if TYPE_CHECKING:
    from azsim.speech.recogniser import Recogniser

PART_STEPS = 12
"""Of the silence after a recording that are heard at a time until the end-pointer has decided."""


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
        self._keeps_told = self._ends is not None and self._search.graph() is not None
        self._told: LabelGraph | None = None
        self._graphs: dict[int, LabelGraph] = {}

    def feed(self, frames: np.ndarray) -> None:
        """Take the next log-mel frames, ``(n, 64)``."""
        steps = self._stacker.feed(frames)
        if self._ends is not None:
            self._ends.hear(frames)
            self._decide(self._ends)
        encoded = told_views(self._recogniser.told, self._encoder.push(steps)) if len(steps) else ()
        each = 1 if self._keeps_told else max(1, len(encoded))
        for start in range(0, len(encoded), each):
            self._advance(encoded[start : start + each])

    def _advance(self, encoded: np.ndarray) -> None:
        """Take the next encoder outputs; one by one where the lattice of one moment may be asked for."""
        unwritten = min(self._wake_outputs - self._unwritten, len(encoded))
        self._encoded += len(encoded)
        self._unwritten += unwritten
        self._search.advance(encoded[unwritten:])
        if self._ends is not None:
            self._decide(self._ends)

    def _decide(self, ends: EndPointListening) -> None:
        """Let the end-pointer see the search as it is now; keep what is told."""
        before = len(ends.events)
        for index, event in enumerate(ends.decide(self._search, self._encoded), start=before):
            if event.kind == "speculative" and self._keeps_told:
                self._told = self._graphs[index] = self._search.graph()
            elif event.kind == "commit":
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
    def turns(self) -> list[StepTurn]:
        """Of the search, so far."""
        every = self._every
        return [
            StepTurn(every * (self._unwritten + turn.output) + every - 1, turn.joint, turn.prediction)
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
        graph = self._told or found.graph
        return concluded if graph is None else self._with_lattice(concluded, graph)

    def told(self, index: int) -> Lattice | None:
        """What may have been said when an event told words, by the event's number; None if it told no lattice."""
        graph = self._graphs.get(index)
        return None if graph is None else self._lattice_of(graph)

    def _lattice_of(self, graph: LabelGraph) -> Lattice:
        network, chosen, every = self._recogniser.compressed.network, self._recogniser.lattices, self._every

        def time_ms(output: int) -> int:
            return step_end_ms(every * (self._unwritten + output) + every - 1)

        return word_lattice(
            self._utterance, graph, network.pieces, time_ms, network.sentence_end, chosen.least_posterior
        )

    def _with_lattice(self, concluded: Recognition, graph: LabelGraph) -> Recognition:
        """The same with the lattice that was told last, and so committed, and the confidence of each word from it."""
        chosen, lattice = self._recogniser.lattices, self._lattice_of(graph)
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
