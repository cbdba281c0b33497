"""Word pieces: same segmentation as sentencepiece, and a loss-free round trip."""

from __future__ import annotations

import io
from collections import Counter

import pytest

sentencepiece = pytest.importorskip("sentencepiece", reason="training needs the extra `train`")

from azsim.errors import InputError  # noqa: E402 (needs sentencepiece)
from azsim.train.tokens import BLANK_PIECE, Pieces, normalise, train_pieces  # noqa: E402 (needs sentencepiece)

SENTENCES = [
    "turn on the kitchen lights",
    "turn off the bedroom lamp",
    "what's the time in the kitchen",
    "set a timer for ten minutes",
    "set the bedroom lights to ten",
    "call anna at home",
]


def processor(words: list[str]) -> sentencepiece.SentencePieceProcessor:
    """Sentencepiece's own pieces of these words."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(words), model_writer=model, model_type="bpe", vocab_size=60,
        character_coverage=1.0, normalization_rule_name="identity", unk_id=0, unk_piece=BLANK_PIECE,
        bos_id=-1, eos_id=-1, minloglevel=2,
    )  # fmt: skip
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


def test_segmentation_equals_sentencepiece():
    counts = Counter(" ".join(sorted(SENTENCES)).split())
    theirs = processor([word for word, count in counts.items() for _ in range(round(count**0.5))])
    ours = train_pieces(SENTENCES, 60)
    for sentence in [*SENTENCES, "the lamp in the home", "main terminal", "tttt ennn"]:
        assert ours.encode(sentence) == theirs.encode(sentence)


def test_a_part_of_a_word_is_spelled():
    pieces = train_pieces(SENTENCES, 60)
    assert "".join(pieces.strings[label] for label in pieces.spell("chen")) == "chen"
    assert pieces.spell("▁the") == tuple(pieces.encode("the"))


def test_decode_undoes_encode():
    pieces = train_pieces(SENTENCES, 60)
    for sentence in SENTENCES:
        assert pieces.decode(pieces.encode(sentence)) == sentence


def test_text_is_lower_case_words():
    assert normalise("What's  the TIME, please?") == "what's the time please"


def test_unlearnable_vocabulary_is_refused():
    with pytest.raises(InputError, match="word pieces"):
        train_pieces(["a b"], 500)
    with pytest.raises(InputError, match="<blank>"):
        Pieces(("a",))
