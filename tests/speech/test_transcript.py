"""Words joined to text."""

from __future__ import annotations

from azsim.speech.transcript import Transcript, Word


def test_the_text_is_the_words_up_to_the_end_point() -> None:
    words = tuple(Word(text, 0, 0, 1.0) for text in ("turn", "on", "the"))
    transcript = Transcript(words, (1, 2, 3, 4), (0, 1, 2, 30), "turn on the light")
    assert transcript.text == "turn on the"
    assert transcript.text_whole.startswith(transcript.text)
    assert Transcript((), (), (), "").text == ""
