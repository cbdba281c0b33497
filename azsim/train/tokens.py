"""Word pieces are learned from sentences, by byte-pair encoding with sentencepiece (`azsim.nn.rnnt.pieces`)."""

from __future__ import annotations

import io
import math
from collections import Counter
from collections.abc import Iterable

from azsim.errors import InputError
from azsim.nn.rnnt.pieces import BLANK, BLANK_PIECE, WORD_START, Pieces, normalise

__all__ = ["BLANK", "BLANK_PIECE", "WORD_START", "Pieces", "normalise", "train_pieces"]


def train_pieces(sentences: Iterable[str], count: int) -> Pieces:
    """Learn ``count`` labels (the blank among them) from sentences.

    Each word counts as often as the square root of the number of different sentences that hold it. Counted in full,
    the few words of a narrow domain that fills every sentence would take nearly all pieces, and the words of a wide
    one would be spelled letter by letter.

    **Source:** byte-pair encoding, Sennrich et al. 2016 (arXiv:1508.07909), as sentencepiece does it; the exponent
    is `assumed`.

    Raises:
        InputError: the text is too small for so many pieces.
    """
    import sentencepiece

    model = io.BytesIO()
    unique = {normalise(sentence) for sentence in sentences} - {""}
    counts = Counter(word for sentence in sorted(unique) for word in sentence.split())
    words = (word for word, sentences_with in counts.items() for _ in range(round(math.sqrt(sentences_with))))
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=words,
            model_writer=model,
            model_type="bpe",
            vocab_size=count,
            character_coverage=1.0,
            normalization_rule_name="identity",
            unk_id=BLANK,
            unk_piece=BLANK_PIECE,
            bos_id=-1,
            eos_id=-1,
            num_threads=1,
            minloglevel=2,
        )
    except RuntimeError as error:
        reason = str(error).splitlines()[-1]
        raise InputError(
            f"training text: cannot learn {count} word pieces from {len(unique)} sentences: {reason}"
        ) from error
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    return Pieces(tuple(processor.id_to_piece(i) for i in range(processor.get_piece_size())))
