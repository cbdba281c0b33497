"""Words with times and label posteriors, from the labels that a search emitted."""

from __future__ import annotations

from collections.abc import Sequence

from azsim.speech.transcript import Word

WORD_START = "\u2581"


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
