"""A sentence's end: a network is given the label, training says it last, and no search says anything after it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.compress import compress  # noqa: E402 (needs torch)
from azsim.nn.rnnt.load import load_network  # noqa: E402 (needs torch)
from azsim.nn.rnnt.network import NO_LABEL, SENTENCE_END  # noqa: E402 (needs torch)
from azsim.nn.sealed import seal  # noqa: E402 (needs torch)
from azsim.speech.recogniser import recognise_many  # noqa: E402 (needs torch)
from azsim.train.batch import Manner, make_batch  # noqa: E402 (needs torch)
from azsim.train.calibrate import calibrate  # noqa: E402 (needs torch)
from azsim.train.data import Normaliser, load_utterances  # noqa: E402 (needs torch)
from azsim.train.decode import greedy  # noqa: E402 (needs torch)
from azsim.train.export import TrainedModel, load_model, save_model  # noqa: E402 (needs torch)
from azsim.train.model import Shape, Transducer  # noqa: E402 (needs torch)
from azsim.train.nbest import n_best  # noqa: E402 (needs torch)
from azsim.train.sentence_end import NATS_BELOW_BLANK, with_sentence_end  # noqa: E402 (needs torch)
from azsim.train.start import start_from  # noqa: E402 (needs torch)
from azsim.train.tokens import BLANK, Pieces  # noqa: E402 (needs torch)
from azsim.train.trainer import Trainer  # noqa: E402 (needs torch)
from tests.train.recipes import place_in, tiny_recipe  # noqa: E402 (needs torch)

PIECES = Pieces(("<blank>", "▁", "a", "b", "c"))


def loud(vocabulary: int) -> Transducer:
    """A network whose labels differ enough to be said."""
    torch.manual_seed(4)
    model = Transducer(Shape(vocabulary, hidden=12, embedding=8, joint=10)).eval()
    model.joint_output.weight.data.mul_(8)
    return model


@torch.no_grad()
def test_the_network_says_what_it_said_before():
    model, features = loud(9), torch.randn(3, 60, 64)
    larger = with_sentence_end(model).eval()
    before, after = (each.scores(torch.randn(5, 10, generator=torch.manual_seed(1))) for each in (model, larger))
    torch.testing.assert_close(after[:, :-1], before)
    torch.testing.assert_close(after[:, -1], before[:, BLANK] - NATS_BELOW_BLANK)
    found = greedy(larger, features, [10, 10, 10], sentence_end=9)
    assert found == greedy(model, features, [10, 10, 10])
    assert any(found)


def test_pieces_end_every_sentence_and_show_no_end():
    pieces = PIECES.with_sentence_end()
    assert (PIECES.sentence_end, pieces.sentence_end) == (NO_LABEL, 5)
    assert pieces.encode("ab c") == [*PIECES.encode("ab c"), 5]
    assert pieces.decode(pieces.encode("ab c")) == "ab c"
    assert pieces.with_sentence_end() is pieces


def test_search_stops_where_the_sentence_ends():
    model, features = loud(9), torch.randn(4, 60, 64, generator=torch.manual_seed(2))
    plain = greedy(model, features, [10] * 4)
    for label in range(1, 9):
        cut = [each[: each.index(label)] if label in each else each for each in plain]
        assert greedy(model, features, [10] * 4, sentence_end=label) == cut
    assert len({label for each in plain for label in each}) > 1


def test_no_hypothesis_goes_on_after_its_end():
    model = loud(4)
    found = n_best(model, torch.randn(3, 12, generator=torch.manual_seed(3)), 20, sentence_end=2)
    assert any(each[-1:] == (2,) for each in found)
    assert not any(2 in each[:-1] for each in found)
    assert len(set(found)) == len(found)


def test_the_end_comes_after_the_speech(tiny_corpus: Path):
    utterances = load_utterances(tiny_corpus, ["shard-00"])["train"][:4]
    normaliser = Normaliser.measure(utterances)
    with_end, without = (
        make_batch(utterances, pieces, normaliser, [], False, Manner(0.5, False), np.random.default_rng(0))
        for pieces in (PIECES.with_sentence_end(), PIECES)
    )
    assert with_end.cells.labels == tuple((*labels, 5) for labels in without.cells.labels)
    whole = np.cumsum(with_end.cells.frames) - 1
    assert with_end.cells.high[whole].tolist() == [len(labels) for labels in with_end.cells.labels]
    same = without.frame_targets > BLANK
    assert np.array_equal(with_end.frame_targets[same], without.frame_targets[same])


def test_a_run_adds_the_label_and_the_device_knows_it(tiny_corpus: Path, tmp_path: Path):
    recipe = tiny_recipe(steps=2, flat_steps=1)
    first = Trainer(recipe, place_in(tiny_corpus, tmp_path / "first"))
    start = tmp_path / "first.safetensors"
    save_model(start, first.model, first.normaliser, first.pieces, "first", TrainedModel(1, 0, 0.0))
    recipe = tiny_recipe(steps=2, flat_steps=1, sentence_end=True)
    assert start_from(start, recipe).setup.pieces == [*first.pieces.strings, SENTENCE_END]
    place = place_in(tiny_corpus, tmp_path / "second", start=start)
    Trainer(recipe, place).run()
    final = place.out / "final.safetensors"
    model, normaliser, pieces, _ = load_model(final)
    assert start_from(final, recipe).setup.pieces == list(pieces.strings)
    model.joint_output.bias.data[pieces.sentence_end] += 100  # ends at once, so nothing is heard
    save_model(final, model, normaliser, pieces, "second", TrainedModel(1, 0, 0.0))
    features = [np.asarray(u.features, np.float32) for u in load_utterances(tiny_corpus, ["eval"])["dev-seen"]]
    seal(final, calibrate(load_network(final), features))
    for codec, sparsity in (("raw", 0.0), ("zvsv", 0.5)):
        small = compress(load_network(final), codec=codec, weight_bits=8 if codec == "raw" else 5, sparsity=sparsity)
        for heard in recognise_many(small, features):
            assert (heard.transcript.text_whole, heard.transcript.labels) == ("", ())
