"""The cloud's row: bytes of the packets of this recording, words of what the decoder gives, and no libopus at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from azsim.cloud.opus import decode_speech
from azsim.compare import in_cloud
from azsim.compare.experiment import load_experiment
from azsim.compare.in_cloud import in_the_cloud, sender_of
from azsim.compare.runner import make_setup
from azsim.compare.setup import Setup
from azsim.errors import AzsimWarning, InputError, WorkError
from azsim.nn.rnnt.save import save_network
from azsim.speech.features import log_mel
from tests.conftest import random_network
from tests.soc.cases import device

EXPERIMENT = """
name = "tiny"
device = "variable.toml"
model = "net.safetensors"
speech = "set.csv"

[endpoint]
kind = "fixed"

[[configuration]]
name = "raw"
codec = "raw"

[cloud]
model = "teacher.safetensors"
"""
DEVICE = """
base = "az1"
name = "variable"

[network]
upload_variable_rate = true
packets_per_write = 5
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    save_network(random_network(8), folder / "net.safetensors")
    save_network(random_network(9), folder / "teacher.safetensors")
    rng = np.random.default_rng(1)
    for index, loud in enumerate((0.1, 0.003)):
        soundfile.write(folder / f"{index}.wav", rng.normal(0, loud, 16_000).astype(np.float32), 16_000)
    (folder / "set.csv").write_text("file,transcript,speech_end_ms\n0.wav,turn on,700\n1.wav,turn off,700\n")
    (folder / "tiny.toml").write_text(EXPERIMENT)
    (folder / "variable.toml").write_text(DEVICE)
    return folder


@pytest.fixture(scope="module")
def setup(folder: Path) -> Setup:
    return make_setup(*load_experiment(folder / "tiny.toml"))


def test_the_bytes_are_those_of_the_recordings_own_packets(setup: Setup) -> None:
    outcome = in_the_cloud(setup)
    assert outcome.configuration.note.startswith("teacher.safetensors in the cloud; libopus")
    sent = [result.timing.uplink_bytes for result in outcome.results]
    sizes = [sum(map(len, utterance.sent.packets[:40])) for utterance in setup.utterances]
    assert sizes[0] != sizes[1]
    assert (sent[0] > sent[1]) == (sizes[0] > sizes[1])
    constant = in_the_cloud(replace(setup, utterances=tuple(replace(one, sent=None) for one in setup.utterances)))
    assert constant.configuration.note == "teacher.safetensors in the cloud hears the sound as it is: there is no " \
        "libopus here to encode it"  # fmt: skip
    assert [result.timing.uplink_bytes for result in constant.results] != sent


def test_what_is_heard_went_through_the_decoder(setup: Setup) -> None:
    for utterance in setup.utterances:
        heard = in_cloud._heard(utterance)
        packets = utterance.sent.packets[: utterance.sent.spoken]
        np.testing.assert_array_equal(heard, log_mel(decode_speech(packets, 20)))
        assert heard.shape == utterance.features.shape
        assert not np.array_equal(heard, utterance.features)


def test_the_digest_of_the_teacher_is_kept(setup: Setup) -> None:
    assert any(name.endswith("teacher.safetensors") for name in setup.digests)


def test_a_network_that_is_not_there_is_refused_before_any_work(folder: Path, tmp_path: Path) -> None:
    for name in ("net.safetensors", "set.csv", "variable.toml", "0.wav", "1.wav"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "tiny.toml").write_text(EXPERIMENT)
    with pytest.raises(InputError, match=r"tiny\.toml: cloud\.model = .*teacher\.safetensors"):
        make_setup(*load_experiment(tmp_path / "tiny.toml"))


def test_a_rate_that_opus_does_not_have_is_named_with_its_device() -> None:
    send = sender_of(device(network__upload_kbps=1.0).network, "slow.toml", 1)
    with pytest.raises(InputError, match=r"slow\.toml: network: Opus at 1 kb/s"):
        send(np.zeros(1600, np.float32), "a.wav")


def test_without_libopus_a_warning_says_what_goes_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> str:
        raise WorkError("no libopus: neither here nor there")

    monkeypatch.setattr(in_cloud, "opus_version", none)
    with pytest.warns(AzsimWarning, match="no libopus: neither here nor there; its sound goes up"):
        assert sender_of(device().network, "az1.toml", 1) is None
