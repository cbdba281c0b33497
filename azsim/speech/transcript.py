"""The words that were recognised, with their times and label posteriors."""

from __future__ import annotations

from dataclasses import dataclass

from azsim.deprecated import renamed


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
    """

    text: str
    start_ms: int
    end_ms: int
    label_posterior: float


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
