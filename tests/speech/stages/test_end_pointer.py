"""The stages of the end-pointer: both networks run on the processor, the final words wait, a log says what was told."""

from __future__ import annotations

import re

import numpy as np
import pytest

from azsim.compress import compress
from azsim.compress.layout import DEFAULT_LAYOUT
from azsim.compress.stored import load_compressed
from azsim.errors import InputError
from azsim.resources import shipped
from azsim.speech.audio import read_audio
from azsim.speech.bounds import estimate_bounds
from azsim.speech.conclusion import Recognition
from azsim.speech.endpointing.decision import EndPointing
from azsim.speech.endpointing.sentence_end import letters_of
from azsim.speech.features import log_mel
from azsim.speech.pipeline import Pipeline, with_those_always_there
from azsim.speech.stage import Configured, Turn
from azsim.speech.stage_registry import stage_of

LIMITS = EndPointing()
FRAMES = log_mel(read_audio(shipped("experiments", "speech/test-seen-001.flac")).samples)


def pipeline(*tables: dict, endpoint: EndPointing | None = LIMITS) -> Pipeline:
    chosen = with_those_always_there([stage_of(table, "here") for table in tables], endpoint=endpoint)
    small = load_compressed("rnnt-5bit-50")
    return Pipeline(chosen, Configured(small, lambda network: compress(network), DEFAULT_LAYOUT, 1))


@pytest.fixture(scope="module")
def heard() -> Recognition:
    return pipeline().recognise(FRAMES, Turn("u"))


def test_the_log_tells_ends_and_the_last_is_the_final(heard: Recognition) -> None:
    kinds = [event.kind for event in heard.work.events if event.kind in ("speculative", "resume", "final")]
    assert re.fullmatch("(speculative resume )*speculative final", " ".join(kinds))
    final = heard.work.events[-1]
    assert (final.kind, final.time_ms, final.value) == ("final", heard.work.endpoint_ms, heard.transcript.text)


def test_both_networks_run_and_the_last_decision_waits_for_them(heard: Recognition) -> None:
    work = heard.work
    voice = [job for job in work.jobs if job.stage == "voice-activity"]
    assert [job.step for job in voice] == list(range(work.steps))
    assert {job.engine for job in voice} == {"npu"}
    read = [job.units for job in work.jobs if job.stage == "sentence-end"]
    assert sum(read) >= len(letters_of(heard.transcript.text))
    last = work.jobs[-1]
    assert (last.engine, last.stage) == ("cpu", "recogniser")
    assert {work.jobs[place].stage for place in last.after} == {"recogniser", "voice-activity", "sentence-end"}


@pytest.mark.parametrize("size", [7, 160])
def test_pieces_do_not_matter(heard: Recognition, size: int) -> None:
    listening = pipeline().listen(Turn("u"))
    for start in range(0, len(FRAMES), size):
        listening.feed(FRAMES[start : start + size])
    again = listening.finish(FRAMES, heard.work.audio_ms, estimate_bounds(FRAMES))
    assert again == heard


def test_without_the_sentences_network_the_sound_decides_alone(heard: Recognition) -> None:
    alone = pipeline({"kind": "sentence-end", "on": False}).recognise(FRAMES, Turn("u"))
    assert not [job for job in alone.work.jobs if job.stage == "sentence-end"]
    assert alone.work.endpoint_ms <= heard.work.endpoint_ms


def test_the_fixed_rule_has_none_of_it() -> None:
    fixed = pipeline(endpoint=None).recognise(FRAMES, Turn("u"))
    assert {job.stage for job in fixed.work.jobs} == {"recogniser"}
    assert [event.kind for event in fixed.work.events] == ["final"]


def test_without_voice_activity_there_is_no_end_pointer() -> None:
    with pytest.raises(InputError, match="needs the stage 'voice-activity'"):
        pipeline({"kind": "voice-activity", "on": False}).recognise(np.zeros((30, 64), np.float32), Turn("u"))
