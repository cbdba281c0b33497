"""What the reader is told, against the set-up it is told of."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import pytest

from azsim.compare.notes import how_far_to_trust, settings, summary
from azsim.devices.loader import load_device

AZ1 = load_device("az1")


def setup(configurations: int = 2, estimated: tuple[bool, ...] = (False, False), **changes: object) -> SimpleNamespace:
    experiment = SimpleNamespace(
        configuration=(None,) * configurations, model="models/rnnt-student.safetensors", seed=7, production=None
    )
    utterances = tuple(SimpleNamespace(audio_ms=1500, speech_end_estimated=each) for each in estimated)
    return SimpleNamespace(
        **{"experiment": experiment, "device": AZ1, "utterances": utterances, "music": None, **changes}
    )


@pytest.mark.parametrize(
    ("configurations", "utterances", "words"),
    [
        (
            1,
            1,
            "1 compression configuration of",
        ),
        (3, 2, "3 compression configurations of"),
    ],
)
def test_the_summary_counts(configurations: int, utterances: int, words: str) -> None:
    said = summary(setup(configurations, (False,) * utterances))
    assert said.startswith(words)
    assert f"over {utterances} utterance{'s' if utterances > 1 else ''}, in silence." in said
    assert "models/" not in said
    assert "with music playing" in summary(setup(music=SimpleNamespace(codec="vorbis", kbps=96.0)))


def test_settings_are_those_of_device_speech_and_music() -> None:
    shown = settings(setup(music=SimpleNamespace(codec="vorbis", kbps=95.6)))
    lanes = AZ1.chip.lanes
    assert shown["device"] == f"az1: {AZ1.summary}"
    assert f"{AZ1.chip.clock_mhz:g} MHz, {lanes.lanes} lanes x {lanes.multipliers_per_lane}" in shown["chip"]
    assert (shown["speech"], shown["music"], shown["seed"]) == ("2 utterances, 3 s", "vorbis, 96 kb/s", "7")
    assert settings(setup())["music"] == "none"
    array = settings(setup(device=load_device("systolic-32")))["chip"]
    assert "dense 32 x 32 weight-stationary array" in array


def test_every_caveat_is_there_exactly_if_it_applies() -> None:
    plain = how_far_to_trust(setup())
    with_table = setup(estimated=(True, False))
    with_table.experiment.production = object()
    more = how_far_to_trust(with_table)
    assert more[: len(plain)] == plain
    assert len(more) == len(plain) + 2
    assert more[-2].startswith("The production-size table is timing only")
    assert "not known for 1 of 2 utterances" in more[-1]
    other = msgspec.structs.replace(AZ1, name="mine")
    assert any("absolutes of mine" in paragraph for paragraph in how_far_to_trust(setup(device=other)))
