"""The parts of the study of branches: who picks, what is counted, what a production-size network looks like."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="the study reads the training corpus: the extra `train`")

from azsim.chip.build import tile_layout
from azsim.compare.experiment import ProductionChoice
from azsim.compress.recipe import compress
from azsim.devices.loader import load_device
from azsim.nn.rnnt.branching import Always, CommandFrom
from azsim.speech.bounds import SpeechBounds
from azsim.speech.recogniser import Recogniser
from experiments.branching.cases import CASES, REFERENCES
from experiments.branching.device import MEMORIES, on_production, on_trained, production_network
from experiments.branching.hearing import CaseRecognition, share_in_speech
from experiments.branching.material import Material
from experiments.branching.page import device_table, trust
from experiments.studies.hearing import ListeningTest

CHOICE = ProductionChoice(
    encoder_layers=2, encoder_units=64, prediction_layers=1, prediction_units=32, embedding=16, joint=32, pieces=40,
    utterances=1,
)  # fmt: skip


def test_every_case_has_a_reference_that_comes_before_it() -> None:
    labels = [case.label for case in CASES]
    assert len(set(labels)) == len(labels)
    for case in CASES:
        assert labels.index(REFERENCES[case.hears]) <= labels.index(case.label)
        assert not case.share_of or labels.index(case.share_of) < labels.index(case.label)


def test_products_shares_and_switches_are_counted_up_to_the_end_point() -> None:
    picked = np.array([[1, 1, 0, 0], [0, 1, -1, -1]], np.int8)
    heard = CaseRecognition(
        np.zeros((2, 2), np.int64), np.array([[2, 2], [1, 1]]), ("a", "b"), np.array([100, 10]), picked, 0
    )
    assert heard.seconds == pytest.approx(6 * 0.03)
    assert heard.products_per_s == pytest.approx((3 * 100 + 3 * 10) / 0.18)
    assert heard.large_share == 0.5
    assert heard.switches_per_s == pytest.approx(2 / 0.18)
    assert heard.rates == {"a": pytest.approx(3 / 0.18), "b": pytest.approx(3 / 0.18)}
    assert share_in_speech(heard, [(0, 6), (3, 6)]) == (1.0, 0.0)


@pytest.mark.parametrize("wakes", [[], [500, 600, 700]])
def test_material_is_some_of_what_is_heard_row_by_row(wakes: list[int]) -> None:
    features = [np.full((frames, 64), frames, np.float32) for frames in (4, 5, 6)]
    is_real, is_noisy = np.array([True, False, False]), np.array([False, False, True])
    heard = ListeningTest(features, ["a", "b", "c"], ["x", "", ""], is_real, is_noisy, features[:1], wakes)
    some = Material.of(heard, np.array([True, False, True]), [(0, 1), (1, 2), (2, 3)])
    assert [len(each) for each in some.features] == [4, 6]
    assert (some.references, some.clusters, some.spans) == (["a", "c"], ["x", ""], [(0, 1), (2, 3)])
    assert (some.is_real.tolist(), some.is_noisy.tolist()) == ([True, False], [False, True])
    assert some.wake_end_ms == wakes[::2]
    assert some.calibration is heard.calibration


def test_the_device_charges_what_ran(make_network) -> None:
    device = load_device("az1")
    small = compress(make_network(8, branch_rank=4, arbiter=5), layout=tile_layout(device.chip))
    features = np.random.default_rng(1).normal(5, 2, (90, 64)).astype(np.float32)
    recogniser = Recogniser(small)
    pickers = {"small": Always(False), "half": CommandFrom(15), "large": Always(True)}
    found = {
        name: recogniser.recognise(features, bounds=SpeechBounds(0, 300), picker=own) for name, own in pickers.items()
    }
    lines = {name: on_trained(name, device, small, {}, [each.work]) for name, each in found.items()}
    for name, measured in lines.items():
        assert [(each.memory, each.sram_mib) for each in measured] == list(MEMORIES)
        assert [each.swaps_per_s > 0 for each in measured] == [
            memory == "one branch at a time" for memory, _ in MEMORIES
        ]
        assert measured[0].dram_mb_per_s > 0, name
    assert lines["small"][0].dram_mb_per_s < lines["half"][0].dram_mb_per_s < lines["large"][0].dram_mb_per_s

    large = production_network(CHOICE, small, device, has_arbiter=True, seed=1)
    assert large.network.programs().keys() >= {"arbiter", "encoder.0", "encoder.0.small"}
    assert large.matrices["encoder.1.small.expand"].encoded.shape == (256, 8)
    works = [(found["half"].work, found["half"].transcript.label_steps)]
    assert [each.dram_share for each in on_production("half", device, large, works)] == [1.0, 0.25, 0.125]


def test_an_utterance_that_is_cut_early_is_counted_and_has_no_latency(make_network) -> None:
    device = load_device("az1")
    small = compress(make_network(8, branch_rank=4, arbiter=5), layout=tile_layout(device.chip))
    features = np.random.default_rng(1).normal(5, 2, (90, 64)).astype(np.float32)
    whole = Recogniser(small).recognise(features, bounds=SpeechBounds(0, 300), picker=Always(True)).work
    cut = replace(whole, premature=True)
    alone, both, none = (on_trained("case", device, small, {}, works)[0] for works in ([whole], [whole, cut], [cut]))
    assert [(each.utterances, each.early_cut) for each in (alone, both, none)] == [(1, 0), (2, 1), (1, 1)]
    assert both.latency_ms == alone.latency_ms
    assert both.wait_ms == alone.wait_ms
    assert math.isnan(none.latency_ms)
    assert "| 1 of 1 | – |" in device_table([none])
    assert f"| 1 of 2 | {alone.latency_ms:.0f} |" in device_table([both])
    assert "premature end-point" in trust()
