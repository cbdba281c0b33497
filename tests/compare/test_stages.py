"""Stages beside the recogniser on a device: schedules from real bitstreams, and what they do to the recogniser."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from azsim.compare.experiment import load_experiment
from azsim.compare.runner import make_setup
from azsim.compare.setup import Setup, compressed
from azsim.compare.stages import pipeline_of
from azsim.compare.trained import deploy, play
from azsim.errors import InputError
from azsim.resources import shipped
from azsim.speech import stages
from azsim.speech.stage_registry import stage_of

VIEWFINDER = '''
"""A stage in a file: frames of a camera on their way into the memory, and out of it to a display."""

from azsim.arbitration import Client, Traffic
from azsim.speech.stage import Stage
from azsim.speech.stage_registry import stage

CAMERA = Client("camera", priority=2)


@stage("viewfinder")
class Viewfinder(Stage, frozen=True):
    frame_bytes: int = 4096
    period_ms: int = 10

    @property
    def traffic(self):
        period_ps = self.period_ms * 10**9
        return (
            Traffic(CAMERA, self.frame_bytes, period_ps, write=True),
            Traffic(Client("display"), self.frame_bytes, period_ps),
        )
'''


@pytest.fixture(scope="module")
def setup() -> Setup:
    experiment, path = load_experiment(shipped("experiments", "sharing/companions.toml"))
    return make_setup(replace(experiment, production=None), path, limit=2)


def with_stages(setup: Setup, stages: tuple) -> Setup:
    return Setup(**{**vars(setup), "experiment": replace(setup.experiment, stage=stages)})


def test_schedules_are_made_from_the_configurations_bitstreams(setup: Setup) -> None:
    made: dict[str, list] = {}
    setup = with_stages(setup, tuple(replace(one, residency={"*": "streamed"}) for one in setup.experiment.stage))
    for configuration in setup.experiment.configuration:
        small = compressed(setup, configuration)
        for companion in deploy(setup, setup.device, small, pipeline_of(setup, small)).companions:
            made.setdefault(companion.name, []).append(companion.schedule)
    for stage in setup.experiment.stage:
        raw, zvsv = made[stage.title]
        assert raw.fetch_bytes.sum() == pytest.approx(stage.weights, rel=0.1)
        assert zvsv.fetch_bytes.sum() < 0.62 * raw.fetch_bytes.sum()
        assert raw.products.sum() == pytest.approx(stage.weights * stage.vectors, rel=0.1)


def test_they_run_beside_the_recogniser_and_are_counted(setup: Setup) -> None:
    small = compressed(setup, setup.experiment.configuration[1])
    without = play(with_stages(setup, ()), small).results
    beside = play(setup, small).results
    for one, two in zip(without, beside):
        assert one.hypothesis == two.hypothesis
        assert not one.timing.companions_ms
        for stage in setup.experiment.stage:
            runs = two.timing.elapsed_ms / stage.every_ms
            assert runs - 2 <= len(two.timing.companions_ms[stage.title]) <= runs + 1
        assert two.timing.busy_ms["npu"] > one.timing.busy_ms["npu"]
        assert sum(two.timing.dram_bytes.values()) > sum(one.timing.dram_bytes.values())


def test_a_stage_that_is_off_takes_no_part(setup: Setup) -> None:
    small = compressed(setup, setup.experiment.configuration[1])
    off = with_stages(setup, tuple(replace(stage, on=False) for stage in setup.experiment.stage))
    assert pipeline_of(off, small).networks.keys() == {"recogniser", "voice-activity", "sentence-end"}


def test_stages_that_leave_nothing_to_the_recogniser_are_refused(setup: Setup) -> None:
    greedy = with_stages(setup, (replace(setup.experiment.stage[1], every_ms=0.1),))
    small = compressed(setup, setup.experiment.configuration[0])
    with pytest.raises(InputError, match=r"speaker identification.*would never run"):
        deploy(greedy, setup.device, small, pipeline_of(greedy, small))


def test_a_stage_brings_its_own_clients_to_the_memory(
    setup: Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file adds them; they are served and counted under their own names, and nobody else's bytes change."""
    (tmp_path / "viewfinder.py").write_text(VIEWFINDER)
    monkeypatch.setattr(stages, "__path__", [*stages.__path__, str(tmp_path)])
    small = compressed(setup, setup.experiment.configuration[1])
    without = play(with_stages(setup, ()), small).results
    seen = play(with_stages(setup, (stage_of({"kind": "viewfinder", "period_ms": 20}, "test"),)), small).results
    for one, two in zip(without, seen, strict=True):
        moved = dict(two.timing.dram_bytes)
        due = two.timing.elapsed_ms / 20 * 4096
        for client in ("camera", "display"):
            assert due - 2 * 4096 <= moved.pop(client) <= due + 4096
        assert moved.keys() == one.timing.dram_bytes.keys()
        assert moved["npu"] == one.timing.dram_bytes["npu"]
        assert two.hypothesis == one.hypothesis
