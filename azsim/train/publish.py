"""Make a trained checkpoint into a model that is shipped: calibrated, sealed, measured, described.

::

    final.safetensors ──calibrate──> activation scales ──seal──> models/NAME/model.safetensors
                      ──measure per set (fp32, int8)──────────> models/NAME/card.md

``python -m azsim.train.publish --from FINAL --corpus DIR --out models/NAME [--curve curve.csv]``
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from azsim.cloud.recogniser import recognise_in_cloud
from azsim.compress import compress
from azsim.nn.load import load_network, seal
from azsim.nn.network import Network
from azsim.report.wer import bootstrap_wer, count_errors
from azsim.speech.recogniser import recognise_many
from azsim.train.calibrate import calibrate
from azsim.train.command import exit_status
from azsim.train.data import REAL_TRAIN, TRAIN, Utterance, complete_folders, load_utterances
from azsim.train.export import ModelCard, load_model, save_model

CALIBRATION_UTTERANCES = 200
SETS = {
    "dev-seen": "synthetic, unseen sentences, seen voices",
    "dev-unseen": "synthetic, unseen sentences, unseen voices",
    "test-seen": "shipped test speech, seen voices",
    "test-unseen espeak": "shipped test speech, 16 unseen espeak-ng voices",
    "test-unseen festival": "shipped test speech, unseen voice ked (festival)",
    "real-heldout": "real coffee orders, training speakers held out for selection",
    "real-dev": "real coffee orders, dev split, unseen speakers; never selected on",
}


def calibration_features(splits: dict[str, list[Utterance]]) -> list[np.ndarray]:
    """Features of training utterances, synthetic and real, evenly spread."""
    chosen = []
    for split in (TRAIN, REAL_TRAIN):
        utterances = splits.get(split, [])
        count = min(len(utterances), CALIBRATION_UTTERANCES // 2)
        chosen += [utterances[i] for i in np.linspace(0, len(utterances) - 1, count).astype(int)]
    return [np.asarray(utterance.features, np.float32) for utterance in chosen]


def members(splits: dict[str, list[Utterance]], name: str) -> list[Utterance]:
    """Utterances of one of ``SETS``."""
    split, _, engine = name.partition(" ")
    return [utterance for utterance in splits.get(split, []) if not engine or utterance.line.engine == engine]


def measured(network: Network, utterances: Sequence[Utterance]) -> tuple[str, str]:
    """WER in fp32 and in int8 ``raw`` as table cells, whole recordings, 95 % bootstrap by speaker where real."""
    features = [np.asarray(utterance.features, np.float32) for utterance in utterances]
    references = [utterance.line.text for utterance in utterances]
    names = [utterance.line.id for utterance in utterances]
    speakers = [utterance.line.speaker if utterance.is_real else "" for utterance in utterances]
    cells = []
    for recognitions in (
        recognise_in_cloud(network, features, names, [None] * len(names)),
        recognise_many(compress(network, codec="raw"), features, utterances=names),
    ):
        texts = [recognition.transcript.text_whole for recognition in recognitions]
        interval = bootstrap_wer(count_errors(references, texts), speakers)
        cells.append(f"{interval.value:.1f} [{interval.low:.1f}, {interval.high:.1f}]")
    return cells[0], cells[1]


def card_text(card: ModelCard, network: Network, rows: Sequence[str], command: str) -> str:
    """The model card."""
    pruned = (
        f", {card.trained.sparsity:.0%} of every weight matrix but the embedding pruned"
        if card.trained.sparsity
        else ""
    )
    return f"""# {card.name}

A streaming RNN-T for short English commands to a smart speaker and a coffee machine{pruned}.
{network.weights / 1e6:.2f} M weights: 64 log-mel bins, 3 frames stacked to 30 ms, LSTM encoder of
{network.encoder_layers} layers with time reduction by 2 after the first, LSTM prediction network, joint network,
{len(network.pieces)} word pieces. Parameters are stored as {card.dtype}; activation scales for integer inference are
stored with them.

## Made by

    {command}

Seed {card.trained.seed}, {card.trained.steps} steps, {card.trained.hours:.2f} hours. The curve is in `curve.csv`.

## Word error rate (percent, whole recordings, greedy search)

95 % bootstrap intervals in brackets; by speaker for the real recordings. The shipped test speech and the real dev
split were never used to choose anything.

| set | what | utterances | fp32 | int8 raw |
|---|---|---|---|---|
{chr(10).join(rows)}

## Trained on

- Synthetic speech of the project's own grammars (`azsim/train/corpus`), spoken by espeak-ng, flite (kal16, awb, rms,
  slt) and festival (kal_diphone, cmu_us_slt_arctic_hts); room responses, noise and music made by the project. Output of
  these programs is free of their licences' conditions.
- Real recordings of coffee orders: Picovoice speech-to-intent-benchmark
  (github.com/Picovoice/speech-to-intent-benchmark), Apache-2.0, training split (28 speakers estimated,
  less those held out). Transcripts were made by decoding under a grammar; 1 to 2 % of their words are estimated to be
  wrong.

## Not for

Free dictation, names outside the grammar, languages other than English. Real people are represented by one domain and
few speakers. Licence of the weights: Apache-2.0.
"""


def publish(source: Path, corpus: Path, out: Path, curve: Path | None, command: str) -> None:
    """Write the model folder; a pruned network is stored as float16, a dense one as float32.

    Raises:
        InputError: the checkpoint or the corpus cannot be read.
    """
    splits = load_utterances(corpus, complete_folders(corpus))
    transducer, normaliser, pieces, card = load_model(source)
    model = out / "model.safetensors"
    dtype = "float16" if card.trained.sparsity else "float32"
    save_model(model, transducer, normaliser, pieces, out.name, card.trained, dtype)
    seal(model, calibrate(load_network(model), calibration_features(splits)))
    network = load_network(model)
    rows = []
    for name, what in SETS.items():
        utterances = members(splits, name)
        if utterances:
            fp32, int8 = measured(network, utterances)
            rows.append(f"| {name} | {what} | {len(utterances)} | {fp32} | {int8} |")
            print(rows[-1])
    (out / "card.md").write_text(
        card_text(msgspec.structs.replace(card, name=out.name, dtype=dtype), network, rows, command), encoding="utf-8"
    )
    if curve is not None:
        shutil.copyfile(curve, out / "curve.csv")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="source", type=Path, required=True, help="exported checkpoint (.safetensors)")
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--curve", type=Path, help="training curve (CSV) to ship beside the model")
    parser.add_argument(
        "--recipe",
        default="azsim train base",
        help="how it was trained, for the card",
    )
    options = parser.parse_args(arguments)
    return exit_status(lambda: publish(options.source, options.corpus, options.out, options.curve, options.recipe))


if __name__ == "__main__":
    raise SystemExit(main())
