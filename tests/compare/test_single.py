"""One configuration as the command line gives it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest

from azsim.compare import setup as module
from azsim.compare.single import Single, experiment_of, make_single
from azsim.errors import InputError
from azsim.resources import shipped

GIVEN = Single(device="az1", model="rnnt-student", codec="zvsv", weight_bits=5, sparsity=0.5, seed=1)
SPEECH = shipped("experiments", "speech/test-seen-001.flac")


@pytest.fixture(autouse=True)
def one_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """No network is read."""
    monkeypatch.setattr(module, "network", lambda name: SimpleNamespace(digest=f"digest of {name}", weights=10**6))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"codec": "zvs"}, "--codec.*did you mean 'zvsv'"),
        ({"weight_bits": 0}, "--weight-bits 0: must be 1 to 8"),
        ({"weight_bits": 9}, "--weight-bits 9: must be 1 to 8"),
        ({"seed": -1}, "--seed"),
        ({"sparsity": 1.0}, "--sparsity 1: must be at least 0 and below 1"),
        ({"sparsity": -0.5}, "--sparsity -0.5: must be"),
        ({"sparsity": float("nan")}, "--sparsity nan: must be"),
        ({"codec": "raw", "weight_bits": 5}, "--weight-bits"),
        ({"device": "az11"}, "--device.*az1"),
    ],
)
def test_a_wrong_setting_is_refused_by_the_name_of_its_option(change: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words) as refused:
        make_single([SPEECH], replace(GIVEN, **change), None, 1.0)
    assert "\n" not in str(refused.value)


def test_music_that_is_none_is_refused_by_the_name_of_its_option(tmp_path: Path) -> None:
    (tmp_path / "song.ogg").write_bytes(b"not a song")
    with pytest.raises(InputError, match=r"--music.*song\.ogg"):
        make_single([SPEECH], GIVEN, tmp_path / "song.ogg", 1.0)


@pytest.mark.parametrize(
    ("codec", "bits", "sparsity", "name"),
    [("zvsv", 5, 0.5, "5-bit zvsv 50%"), ("packed", 4, 0.0, "4-bit packed"), ("raw", 8, 0.125, "8-bit raw 12%")],
)
def test_the_set_up_is_one_configuration_of_what_was_given(codec: str, bits: int, sparsity: float, name: str) -> None:
    given = replace(GIVEN, codec=codec, weight_bits=bits, sparsity=sparsity, seed=9)
    setup = make_single([SPEECH], given, None, 1.0)
    (configuration,) = setup.experiment.configuration
    assert (configuration.name, configuration.codec, configuration.weight_bits) == (name, codec, bits)
    assert configuration.sparsity == sparsity
    assert (setup.experiment.seed, setup.experiment.cloud, setup.experiment.production) == (9, None, None)
    assert setup.music is None
    assert setup.device.name == "az1"
    assert setup.digests == {"rnnt-student": "digest of rnnt-student"}
    (utterance,) = setup.utterances
    assert (utterance.name, utterance.reference) == (SPEECH.name, None)
    assert utterance.bounds.estimated


@pytest.mark.parametrize("command", ["run", "listen"])
def test_scales_of_weights_are_those_asked_for(command: str) -> None:
    words = ["sound.wav"] if command == "run" else []
    for more, wanted in (([], "tensor"), (["--granularity", "gate"], "gate")):
        options = parsed(command, [*words, *more])
        (choice,) = experiment_of(Single.asked(options), "run").configuration
        assert choice.granularity == wanted


def parsed(command: str, words: list[str]) -> Namespace:
    """A command's own options."""
    parser = ArgumentParser()
    import_module(f"azsim.commands.{command}").declare(parser)
    return parser.parse_args(words)
