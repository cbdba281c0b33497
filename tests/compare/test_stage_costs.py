"""What stages take adds up to what the device did."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from azsim.compare.experiment import load_experiment
from azsim.compare.runner import make_setup
from azsim.compare.setup import compressed
from azsim.compare.stages import pipeline_of
from azsim.compare.trained import deploy, listened, play
from azsim.report.percentiles import percentile
from azsim.resources import shipped


def test_stages_add_up_to_what_the_device_did() -> None:
    experiment, path = load_experiment(shipped("experiments", "sharing/companions.toml"))
    setup = make_setup(replace(experiment, production=None), path, limit=2)
    small = compressed(setup, experiment.configuration[1])
    outcome, pipeline = play(setup, small), pipeline_of(setup, small)
    deployed = deploy(setup, setup.device, small, pipeline)
    costs = {cost.stage: cost for cost in outcome.stages}
    assert list(costs) == [stage.title for stage in pipeline.stages]
    assert costs["front-end"].npu_share == costs["front-end"].bitstream_bytes == 0
    assert costs["recogniser"].bitstream_bytes == small.model_bytes
    assert sum(cost.resident_bytes for cost in costs.values()) == deployed.resident_bytes
    timings = [result.timing for result in outcome.results]
    elapsed_ms, busy_ms = (sum(one) for one in zip(*((each.elapsed_ms, each.busy_ms["npu"]) for each in timings)))
    alone = sum(cost.npu_share for cost in costs.values()) * elapsed_ms
    assert 0.8 * busy_ms < alone < 1.05 * busy_ms  # busy with the reload, too, and while it waits for memory
    assert sum(cost.cpu_ms_per_utterance for cost in costs.values()) == pytest.approx(
        costs["front-end"].cpu_ms_per_utterance + costs["recogniser"].cpu_ms_per_utterance
    )
    for stage in experiment.stage:
        waits = [wait for timing in timings for wait in timing.companions_ms[stage.title]]
        assert costs[stage.title].latency_p99_ms == pytest.approx(percentile(waits, 99))
        assert costs[stage.title].energy_mj_per_utterance > 0
    assert costs["recogniser"].latency_p50_ms > 0


def test_what_the_last_words_job_tells_is_known_when_it_has_ended() -> None:
    """Also where the reload of a wake-up stands before all jobs."""
    experiment, path = load_experiment(None)
    setup = make_setup(replace(experiment, production=None, sensitivity=None), path, limit=2)
    small = compressed(setup, experiment.configuration[0])
    pipeline = pipeline_of(setup, small)
    deployed = deploy(setup, setup.device, small, pipeline)
    assert deployed.reload is not None
    for recognition in listened(pipeline, setup.utterances):
        timeline = deployed.play(recognition.work, music=None)
        ended_ps = {span.end_ps for span in deployed.play(recognition.work, music=None, trace=True).spans}
        told = [
            (event, known)
            for event, known in zip(recognition.work.events, timeline.known_ps.tolist())
            if event.job >= 0 and known > event.time_ms * 10**9
        ]
        assert told
        assert all(known in ended_ps for _, known in told)
