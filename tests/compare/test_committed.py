"""The committed report of compression is what the code gives: words, sizes and the processor's time, bit for bit."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import msgspec
import pytest

from azsim.compare.experiment import load_experiment
from azsim.compare.in_cloud import in_the_cloud
from azsim.compare.runner import make_setup
from azsim.compare.setup import Setup, compressed
from azsim.compare.stages import pipeline_of
from azsim.compare.trained import describe, listened, play
from azsim.report.csv_tables import csv_text, utterance_lines
from azsim.report.wer import count_errors, wer_percent
from azsim.resources import shipped_root

REPORT = shipped_root() / "reports" / "compression"
pytestmark = pytest.mark.skipif(not REPORT.is_dir(), reason="the reports travel with the source, not with the wheel")
UTTERANCES = 4
SIZES = ("weight_bits", "sparsity", "model_bytes", "bits_per_weight", "share_of_fp32")
SAID = ("hypothesis", "hypothesis_whole", "speech_end_estimated", "heard_ms", "premature_endpoint")
CONFIGURATIONS = ("int8 raw", "int8 bitmap 50%", "5-bit palette", "5-bit zvsv 50%", "4-bit zvsv 75%")


def table(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((REPORT / name).read_text(encoding="utf-8").splitlines()))


def written(lines: list[dict[str, object]]) -> list[dict[str, str]]:
    """As the CSV table would have them."""
    return list(csv.DictReader(io.StringIO(csv_text(lines))))


@pytest.fixture(scope="module")
def setup() -> Setup:
    """Some utterances, evenly spread; nothing is timed at production size."""
    experiment, path = load_experiment(None)
    experiment = msgspec.structs.replace(experiment, production=None, sensitivity=None)
    return make_setup(experiment, path, limit=UTTERANCES)


@pytest.fixture(scope="module")
def committed() -> dict[tuple[str, str], dict[str, str]]:
    return {(row["config"], row["utterance"]): row for row in table("utterances.csv") if row["table"] == "trained"}


def test_no_configuration_is_left_out(setup: Setup) -> None:
    names = tuple(each.name for each in setup.experiment.configuration)
    assert names == CONFIGURATIONS
    assert {row["config"] for row in table("results.csv")} == {*names, setup.experiment.cloud.name}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_configuration_gives_the_committed_numbers(setup: Setup, committed, name: str) -> None:
    configuration = next(each for each in setup.experiment.configuration if each.name == name)
    small = compressed(setup, configuration)
    told = written([{each: getattr(describe(small), each) for each in SIZES}])[0]
    own = [row for row in table("results.csv") if (row["table"], row["config"]) == ("trained", name)]
    stated = {row["metric"]: row["value"] for row in own}
    assert told == {each: stated[each] for each in SIZES}
    recognitions = listened(pipeline_of(setup, small), setup.utterances)
    for utterance, recognition in zip(setup.utterances, recognitions, strict=True):
        row, words = committed[name, utterance.name], recognition.transcript
        assert (words.text, words.text_whole) == (row["hypothesis"], row["hypothesis_whole"]), utterance.name
        assert f"{float(recognition.work.endpoint_ms):.9g}" == row["heard_ms"], utterance.name
    first = replace(setup, utterances=setup.utterances[:1])  # the moment of the music is the index of the utterance
    (line,) = written(utterance_lines(play(first, small).results))
    row = committed[name, line["utterance"]]
    assert line == {key: row[key] for key in line}


def test_the_cloud_hears_the_committed_words(setup: Setup, committed) -> None:
    for line in written(utterance_lines(in_the_cloud(setup).results)):
        row = committed[line["config"], line["utterance"]]
        assert {key: line[key] for key in SAID} == {key: row[key] for key in SAID}


def test_word_error_rates_are_those_of_the_committed_words(committed) -> None:
    for row in table("results.csv"):
        if row["table"] == "trained" and row["metric"] in ("wer_percent", "wer_delivered_percent"):
            heard = "hypothesis_whole" if row["metric"] == "wer_percent" else "hypothesis"
            rows = [
                one for (config, _), one in committed.items()
                if config == row["config"] and row["group"] in ("all", one["group"])
            ]  # fmt: skip
            counts = count_errors([one["reference"] for one in rows], [one[heard] for one in rows])
            assert f"{wer_percent(counts):.9g}" == row["value"], row
