"""What the reader is told, against the set-up it is told of."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import pytest

from azsim.compare.notes import how_far_to_trust, settings, summary
from azsim.devices.loader import load_device
from azsim.speech.bounds import UNKNOWN, SpeechBounds
from azsim.speech.endpointing.choice import EndPointChoice

AZ1 = load_device("az1")


def setup(
    configurations: int = 2, estimated: tuple[bool | None, ...] = (False, False), **changes: object
) -> SimpleNamespace:
    experiment = SimpleNamespace(
        configuration=(None,) * configurations,
        model="models/rnnt-student.safetensors",
        seed=7,
        production=None,
        sensitivity=None,
        frames_per_step=1,
        ends=EndPointChoice(kind="fixed"),
    )
    utterances = tuple(
        SimpleNamespace(
            name="u.wav",
            audio_ms=1500,
            bounds=UNKNOWN if each is None else SpeechBounds(0, 900, each),
            reference="on",
            remarks=(),
        )
        for each in estimated
    )
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
    assert "estimated against the noise floor for 1 of 2 utterances" in more[-1]
    unknown = how_far_to_trust(setup(estimated=(None, False, None)))
    assert unknown[: len(plain)] == plain
    assert len(unknown) == len(plain) + 1
    assert "unknown for 2 of 3 utterances" in unknown[-1]
    other = msgspec.structs.replace(AZ1, name="mine")
    assert any("values of mine" in paragraph for paragraph in how_far_to_trust(setup(device=other)))
    with_table.experiment.sensitivity = object()
    assert any("sensitivity figure" in paragraph for paragraph in how_far_to_trust(with_table))
    assert not any("sensitivity" in paragraph for paragraph in more)


@pytest.mark.parametrize(("frames", "said"), [(1, "every 30 ms"), (4, "every 120 ms")])
def test_a_step_is_as_long_as_its_frames(frames: int, said: str) -> None:
    gathered = setup()
    gathered.experiment.frames_per_step = frames
    shown = settings(gathered)
    assert shown["step"].endswith(said)
    assert not any("30 ms" in value for name, value in shown.items() if name != "step")
    assert shown["end-point"] == "480 ms without a new label"
    gathered.experiment.ends = EndPointChoice(kind="fixed", silence_ms=700)
    assert settings(gathered)["end-point"] == "700 ms without a new label"
    gathered.experiment.ends = EndPointChoice()
    assert settings(gathered)["end-point"].startswith("two-stage, final after ")


@pytest.mark.parametrize(
    ("fidelity", "timings", "said", "not_said"),
    [
        ("burst", None, f"chunks of {AZ1.memory.chunk_bytes} bytes", "modelled by banks"),
        ("bank", "LPDDR4-3200 x16", "modelled by banks, rows and refresh of LPDDR4-3200 x16", "efficiency"),
        ("analytic", None, "no grants and no tails", "chunks"),
    ],
)
def test_the_memory_is_described_as_it_is_modelled(fidelity: str, timings: str, said: str, not_said: str) -> None:
    memory = msgspec.structs.replace(AZ1.memory, fidelity=fidelity, timings=timings)
    text = " ".join(how_far_to_trust(setup(device=msgspec.structs.replace(AZ1, memory=memory))))
    assert said in text
    assert not_said not in text


def test_music_and_engine_are_named_only_where_they_are() -> None:
    quiet, loud = " ".join(how_far_to_trust(setup())), " ".join(how_far_to_trust(setup(music=SimpleNamespace())))
    assert "music" not in quiet
    assert "with the same music" in loud
    assert "cycles of the lanes" in quiet
    assert "cycles of the array" in " ".join(how_far_to_trust(setup(device=load_device("systolic-32"))))


def test_recordings_without_words_and_with_remarks_are_said() -> None:
    made = setup()
    nothing = SimpleNamespace(
        name="n.wav", audio_ms=1500, bounds=SpeechBounds(0, 900), reference="...", remarks=("quiet",)
    )
    made.utterances = (*made.utterances, nothing)
    assert settings(made)["speech"] == "3 utterances, 4 s, 1 without words"
    assert how_far_to_trust(made)[0] == "Recordings: n.wav: quiet."
