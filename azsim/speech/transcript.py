"""The words that were recognised, with their times and label posteriors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from azsim.deprecated import renamed
from azsim.nn.rnnt.pieces import WORD_START


@renamed("0.2.0", "0.3.0", confidence="label_posterior")
@dataclass(frozen=True, slots=True)
class Word:
    """One word.

    Attributes:
        text: the word.
        start_ms, end_ms: when its first and last piece were emitted, in time of the utterance;
            equal for a single piece.
        label_posterior: product of the posterior probabilities of its pieces, 0 to 1; not calibrated: it is no
            probability that the word is right.
        word_posterior: probability that the word was said there, by the lattice and its calibration, 0 to 1; None
            without a lattice.
    """

    text: str
    start_ms: int
    end_ms: int
    label_posterior: float
    word_posterior: float | None = None


def moved(words: Iterable[Word], by_ms: int) -> tuple[Word, ...]:
    """The words so much later."""
    return tuple(replace(word, start_ms=word.start_ms + by_ms, end_ms=word.end_ms + by_ms) for word in words)


@dataclass(frozen=True, slots=True)
class Transcript:
    """The recogniser's answer for one utterance.

    Attributes:
        words: what was said, up to the end-point.
        labels: token ids in order of emission, whole recording.
        label_steps: 30 ms step of each label, same length.
        text_whole: words of the whole recording, as if no end-point rule had cut it.
    """

    words: tuple[Word, ...]
    labels: tuple[int, ...]
    label_steps: tuple[int, ...]
    text_whole: str

    @property
    def text(self) -> str:
        """The words up to the end-point, joined by spaces."""
        return " ".join(word.text for word in self.words)


def words_of(
    labels: Sequence[int], times_ms: Sequence[int], probabilities: Sequence[float], pieces: Sequence[str]
) -> tuple[Word, ...]:
    """Join word pieces to words.

    Args:
        labels: piece numbers in order of emission, without blanks.
        times_ms: when each was emitted, in time of the utterance.
        probabilities: posterior probability of each, 0 to 1.
        pieces: the strings; ``U+2581`` marks the start of a word.

    Returns:
        The words; a first piece without a mark starts a word too.
    """
    words: list[Word] = []
    text, start_ms, end_ms, posterior = "", 0, 0, 1.0

    def close() -> None:
        if text:
            words.append(Word(text, start_ms, end_ms, posterior))

    for label, time_ms, probability in zip(labels, times_ms, probabilities, strict=True):
        for k, part in enumerate(pieces[label].split(WORD_START)):
            if k or not text:
                if k:
                    close()
                    text = ""
                start_ms, posterior = time_ms, 1.0
            text += part
        end_ms = time_ms
        posterior *= probability
    close()
    return tuple(words)
