"""What THING is, and one line for what it is not."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest

import azsim.devices
from azsim.cli import parser
from azsim.commands.inspect import kind_of, perform
from azsim.compress import compress, encode
from azsim.compress.stored import save_compressed
from azsim.errors import CodecError, InputError
from azsim.nn.rnnt.save import save_network
from tests.conftest import random_network
from tests.nn.rnnt.test_bidirectional import bidirectional


def inspect(*arguments: object) -> dict[str, object]:
    return perform(parser().parse_args(["inspect", *map(str, arguments)]))


@pytest.fixture
def stream(tmp_path: Path) -> Path:
    weights = np.random.default_rng(0).integers(-3, 4, (40, 70)).astype(np.int8)
    path = tmp_path / "layer.azw"
    path.write_bytes(encode(weights, codec="zvsv", weight_bits=3).data)
    return path


def test_things_are_told_apart(stream: Path, tmp_path: Path) -> None:
    assert kind_of(str(tmp_path)) == "network"
    assert kind_of("az1") == kind_of("mine.toml") == "device"
    assert kind_of("rnnt-student") == kind_of("mine.safetensors") == "network"
    assert kind_of(str(stream)) == "bitstream"


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        ("azi1", r"azi1: no network, device, file .* the networks .*rnnt-student.* the devices az1.*mean 'az1'"),
        ("rnnt-studnet", r"did you mean 'rnnt-student'"),
        (tempfile.gettempdir(), r": is a folder without model.safetensors"),
        ("nowhere.toml", r"nowhere.toml: no such file"),
        ("nowhere.safetensors", r"nowhere.safetensors: no such file"),
    ],
)
def test_what_there_is_not_ends_in_one_line(thing: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        inspect(thing)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--weight-bits", 9),
        ("--sparsity", 1.5),
        ("--sparsity", 1),
        ("--sparsity", "nan"),
        ("--frames-per-step", 3),
        ("--codec", "zvs"),
    ],
)
def test_options_out_of_range_are_refused(option: str, value: object) -> None:
    with pytest.raises(InputError):
        inspect("rnnt-student", option, value)


def test_a_bitstream_is_read_and_checked(stream: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = inspect(stream, "--json")
    assert capsys.readouterr().out == ""
    assert (answer["codec"], answer["rows"], answer["columns"]) == ("zvsv", 40, 70)
    assert answer["stream_bytes"] == stream.stat().st_size
    assert answer["decoder_values"] == round((1 - answer["sparsity"]) * 40 * 70), "zvsv reads no value for a zero"
    assert (answer["values_per_cycle_max"], answer["table_setup_cycles"]) == (None, 0)
    json.dumps(answer, allow_nan=False)
    stream.write_bytes(stream.read_bytes()[:-1])
    with pytest.raises(CodecError, match=r"layer.azw: stream of"):
        inspect(stream)


def test_a_network_that_is_stored_compressed_is_shown_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "few.safetensors"
    small = compress(random_network(3), codec="huffman", weight_bits=3, sparsity=0.75)
    save_compressed(small, path)
    answer = inspect(path, "--json")
    assert {row["codec"] for row in answer["matrices"]} == {"huffman"}
    assert answer["model_bytes"] == small.model_bytes
    other = inspect(path, "--codec", "raw", "--weight-bits", 8, "--sparsity", 0, "--json")
    assert {row["codec"] for row in other["matrices"]} == {"raw"}
    for was, now in zip(answer["matrices"], other["matrices"]):
        assert now["sparsity"] >= was["sparsity"]
    chip = inspect(path, "--device", "az2", "--json")
    assert [row["sparsity"] for row in chip["matrices"]] == [row["sparsity"] for row in answer["matrices"]]


def test_the_title_says_that_bitstreams_are_shown_as_stored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "few.safetensors"
    save_compressed(compress(random_network(3), codec="packed", weight_bits=3), path)
    inspect(path)
    assert "random-3 as stored on az1:" in capsys.readouterr().out
    inspect(path, "--codec", "raw", "--weight-bits", 8, "--sparsity", 0)
    assert "random-3 as raw-8bit on az1:" in capsys.readouterr().out


def test_a_network_that_no_device_can_run_is_shown_in_float(tmp_path: Path) -> None:
    path = tmp_path / "teacher.safetensors"
    network = bidirectional()
    save_network(network, path)
    answer = inspect(path, "--json")
    assert answer["weights"] == network.weights == sum(row["weights"] for row in answer["matrices"])
    assert answer["fp32_bytes"] == sum(value.nbytes for value in network.parameters.values())
    assert answer["matrices"][2]["matrix"] == "encoder.0.reverse.input"
    json.dumps(answer, allow_nan=False)
    for asked in (["--codec", "zvsv"], ["--program"], ["--frames-per-step", 2], ["--sparsity", 0]):
        with pytest.raises(InputError, match=f"runs in float, in the cloud; leave out {asked[0]}$"):
            inspect(path, *asked)


def test_options_that_a_thing_has_no_use_for_are_refused(stream: Path) -> None:
    with pytest.raises(InputError, match=r"az1: is a device; leave out --program, --device$"):
        inspect("az1", "--device", "az2", "--program")
    with pytest.raises(InputError, match=r"is a bitstream; leave out --sparsity$"):
        inspect(stream, "--sparsity", 0)
    assert inspect("az1", "--sparsity", 0, "--json")["device"] == "az1"


def test_a_device_of_one_s_own_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.toml"
    path.write_text((Path(azsim.devices.__file__).parent / "az1.toml").read_text())
    inspect(path)
    shown = capsys.readouterr().out
    assert "decoded, 1 " in shown
    assert "leakage_mw" in shown


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"fLaC and sound", r"is no bitstream; inspect takes a network .*, a device .*, or a bitstream"),
        (b"", r"is no bitstream; inspect takes a network"),
        (b"AZM1", r"is no bitstream; azsim update inspect shows images and updates$"),
    ],
)
def test_a_file_of_another_kind_is_told_what_inspect_takes(tmp_path: Path, data: bytes, says: str) -> None:
    (tmp_path / "it").write_bytes(data)
    with pytest.raises(InputError, match=says):
        inspect(tmp_path / "it")
