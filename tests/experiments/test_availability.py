"""From answers to the table of `experiments/availability`; the experiment file; two requests end to end."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from azsim.cloud.request import Answer
from azsim.devices import load_device
from azsim.errors import InputError
from azsim.resources import shipped
from azsim.soc.link import ALWAYS_UP
from experiments.availability.requests import (
    Asked,
    AvailabilityExperiment,
    Link,
    PathOutcome,
    load_choice,
    make_plan,
    run,
)
from experiments.availability.tables import battery_rows, row_of, write_csv

FILE = shipped("experiments", "availability/availability.toml")
STEADY = Link("steady", ALWAYS_UP, 1.0)
SENT = {"audio": 800, "features": 0, "lattice": 0, "control": 70, "music": 0, "update": 0}


def asked(latency_ms: int | None, text: str, by: str = "cloud", early: bool = False) -> Asked:
    latency_ps = None if latency_ms is None else latency_ms * 10**9
    return Asked("one two three four", text, early, Answer(by, latency_ps, 10**12, SENT, 0, 5e9, 2e9))


def test_a_row_counts_what_is_in_time_and_words_that_never_came() -> None:
    answers = (
        asked(500, "one two three four"),
        asked(1500, "one two three", by="device"),
        asked(-100, "one two", early=True),
        asked(None, "", by="nobody"),
    )
    row = row_of(PathOutcome(load_device("az1"), STEADY, "hybrid", answers), (1.0, 2.0))
    assert row.answered_percent == 75
    assert row.within_percent == (50, 75)
    assert (row.latency_p50_ms, row.latency_p90_ms) == (1000, 1400)
    assert row.wer_answered_percent == pytest.approx(100 * 3 / 12)
    assert row.wer_percent == pytest.approx(100 * 7 / 16)
    assert row.premature_endpoint_percent == pytest.approx(100 / 3)
    assert row.by_cloud_percent == pytest.approx(200 / 3)
    assert (row.audio_bytes, row.control_bytes) == (800, 70)
    assert (row.energy_mj, row.above_idle_mj) == (5, 3)


def test_a_charge_lasts_as_long_as_capacity_over_draw(tmp_path: Path) -> None:
    portable = load_device("portable")
    outcome = PathOutcome(portable, STEADY, "cloud", (asked(500, "one two three four"),))
    row = row_of(outcome, (1.0,))
    (battery,) = battery_rows([outcome], [row], (0, 3600))
    capacity_mwh, listening_mw = portable.battery.capacity_mwh, portable.battery.listening_mw
    assert battery.hours == (capacity_mwh / listening_mw, capacity_mwh / (listening_mw + 3))
    assert battery.requests_per_charge == pytest.approx(capacity_mwh * 3600 / 3)
    write_csv([row], (1.0,), tmp_path / "a.csv")
    head, line = (tmp_path / "a.csv").read_text().splitlines()
    assert dict(zip(head.split(","), line.split(",")))["within_1_s_percent"] == "100"


def test_the_shipped_experiment_reads_and_wrong_ones_are_refused() -> None:
    choice = load_choice(FILE)
    assert [link.name for link in make_plan(choice, FILE).links["incar"]][-1] == "drive"
    with pytest.raises(InputError, match=r"own_links\.incra: not in devices; did you mean 'incar'"):
        make_plan(msgspec.structs.replace(choice, own_links={"incra": ()}), FILE)
    with pytest.raises(InputError, match=r"nothing\.csv: cannot be read as a link trace: No such file"):
        make_plan(msgspec.structs.replace(choice, links=("links/nothing.csv",)), FILE)


@pytest.mark.slow
def test_two_requests_from_sound_to_words() -> None:
    choice: AvailabilityExperiment = msgspec.structs.replace(
        load_choice(FILE), devices=("az1",), own_links={}, links=("links/gilbert-50-20s.csv",), utterances=2
    )
    outcomes = run(make_plan(choice, FILE), workers=1)
    assert [(one.path, one.device.local_processing) for one in outcomes] == [
        (path, local) for local in (False, True) for path in ("device", "cloud", "hybrid")
    ]
    rows = [row_of(one, choice.within_s) for one in outcomes]
    assert rows[0].answered_percent == rows[2].answered_percent == 100
    assert rows[4].refused.startswith("device az1: local_processing = true")
    assert rows[4].requests == 0
    assert rows[5].audio_bytes == 0
    assert rows[5].latency_p50_ms == rows[3].latency_p50_ms == rows[0].latency_p50_ms
