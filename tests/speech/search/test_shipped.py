"""The searches over shipped speech: a beam of 1 is the greedy search, down to its jobs and every matrix's inputs."""

from __future__ import annotations

import os

import numpy as np
import pytest

from azsim.compress import compress
from azsim.compress.stored import load_network
from azsim.resources import speech_file
from azsim.speech.audio import read_audio
from azsim.speech.recogniser import Recogniser
from azsim.speech.search.choice import GREEDY, SearchChoice

EVERY = int(os.environ.get("AZSIM_EVERY_UTTERANCE", "12"))
"""Of the shipped utterances one in so many is heard; 1 hears all."""
FILES = sorted(speech_file("speech").parent.glob("*.flac"))[::EVERY]


@pytest.fixture(scope="module")
def searches() -> dict[str, Recogniser]:
    small = compress(load_network("rnnt-5bit-50"), weight_bits=5, sparsity=0.5)
    choices = {"greedy": GREEDY, "one": SearchChoice("beam", 1), "four": SearchChoice("beam", 4)}
    return {name: Recogniser(small, one.maker(), lattices=one) for name, one in choices.items()}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_beam_of_one_is_greedy_and_one_of_four_has_it_in_its_lattice(searches, file) -> None:
    sound = read_audio(file).samples
    found = {name: one.recognise(sound, file.stem, record_inputs=name != "four") for name, one in searches.items()}
    greedy, one, four = found["greedy"], found["one"], found["four"]
    assert one.transcript.labels == greedy.transcript.labels
    assert one.transcript.label_steps == greedy.transcript.label_steps
    assert [word.label_posterior for word in one.transcript.words] == [
        word.label_posterior for word in greedy.transcript.words
    ]
    assert one.work.jobs == greedy.work.jobs
    assert all(np.array_equal(one.work.inputs[name], rows) for name, rows in greedy.work.inputs.items())
    assert greedy.lattice is None
    assert four.lattice.is_deterministic
    assert set(four.transcript.text_whole.split()) <= set(four.lattice.words)
    assert all(0 < word.word_posterior < 1 for word in four.transcript.words)
