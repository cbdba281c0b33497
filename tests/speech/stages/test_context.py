"""Context in the pipeline: its runs stand in the recogniser's chain, and off or without names nothing changes."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.compress import compress
from azsim.compress.layout import DEFAULT_LAYOUT
from azsim.errors import InputError
from azsim.nn.graph.stored import save_graph
from azsim.speech.context.choice import ContextChoice
from azsim.speech.context.names import AUDIO_PROGRAM, BOOSTS_TASK, SAID_PROGRAM
from azsim.speech.features import log_mel
from azsim.speech.pipeline import Pipeline, with_those_always_there
from azsim.speech.search.choice import SearchChoice
from azsim.speech.stage import Configured, Turn
from azsim.speech.stages.context import ContextStage
from azsim.speech.work import RECOGNISER
from tests.conftest import random_network
from tests.speech.context.adapters import adapter, spelling

NETWORK = spelling(random_network(8, joint=12))


@pytest.fixture(scope="module")
def configured():
    small = compress(NETWORK, weight_bits=8, codec="raw")
    return Configured(small, lambda network: compress(network, weight_bits=8, codec="raw"), DEFAULT_LAYOUT, 1)


@pytest.fixture(scope="module")
def frames():
    rng = np.random.default_rng(2)
    loud = np.repeat([0.02, 0.3, 0.05, 0.2, 0.01], 6_000)
    return log_mel((loud * rng.standard_normal(loud.size)).astype(np.float32))


@pytest.fixture(scope="module")
def chosen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("context")
    (folder / "names.txt").write_text("@contact\nton lot\non\n")
    save_graph(adapter(NETWORK), folder / "context.safetensors", {"heads": 2})
    return ContextChoice(str(folder / "names.txt"), 2.0, True, str(folder / "context.safetensors"))


def heard(configured, frames, context):
    stages = with_those_always_there([], search=SearchChoice("beam", 3), context=context)
    pipeline = Pipeline(stages, configured)
    return pipeline, pipeline.recognise(frames, Turn("u"))


def test_attention_runs_before_what_it_is_added_to(configured, frames, chosen):
    pipeline, found = heard(configured, frames, chosen)
    assert set(pipeline.networks["context"].network.programs()) == {AUDIO_PROGRAM, SAID_PROGRAM}
    jobs = found.work.jobs
    names = [job.name for job in jobs]
    assert {job.stage for job in jobs if job.name in (AUDIO_PROGRAM, SAID_PROGRAM)} == {"context"}
    for place, job in enumerate(jobs):
        before = {jobs[each].name for each in job.after}
        if job.name == "prediction":
            assert names[place + 1] == SAID_PROGRAM
            assert jobs[place + 1].units == job.units
        if job.name == "encoder.1":
            assert names[place + 1] == AUDIO_PROGRAM
        if job.name == AUDIO_PROGRAM:
            assert "encoder.1" in before
        if job.name == BOOSTS_TASK:
            assert (job.engine, job.stage, before) == ("cpu", RECOGNISER, {"search"})
    assert names.count(BOOSTS_TASK) == names.count("search") > 0


def test_boosts_alone_ask_for_no_network(configured, frames, chosen):
    alone = ContextChoice(chosen.catalogue, 2.0, attention=False)
    pipeline, found = heard(configured, frames, alone)
    assert set(pipeline.networks) == {"recogniser"}
    assert BOOSTS_TASK in {job.name for job in found.work.jobs}
    assert not {AUDIO_PROGRAM, SAID_PROGRAM} & {job.name for job in found.work.jobs}


def test_the_stage_alone_is_refused(configured):
    with pytest.raises(InputError, match=r"stage 'context': needs the experiment's \[context\] table"):
        Pipeline(with_those_always_there([ContextStage()]), configured)
