"""The shipped configurations on real people: coffee orders of speakers that training never heard.

    AZSIM_DATA=... python -m experiments.real_recordings [--out reports/real_recordings]

Reads the dev split of the Picovoice speech-to-intent recordings (github.com/Picovoice/speech-to-intent-benchmark,
Apache-2.0) from ``$AZSIM_DATA/barista/manifest.csv`` (columns file, speaker, split, transcript). Their true end of
speech is not known, so it is estimated; intervals are bootstraps by speaker. Only numbers are written, no recording
and no transcript.
"""

from __future__ import annotations

import csv
import json
import tempfile
from pathlib import Path

import msgspec

from azsim.compare.experiment import load_experiment
from azsim.compare.runner import compare, default_workers, make_setup
from azsim.errors import InputError
from azsim.report.page import write_page
from azsim.report.plain import rows_to_json
from azsim.report.table import markdown_table
from azsim.resources import data_folder
from azsim.train.command import exit_status
from experiments.options import options_of

SPLIT = "dev"
ABOUT = """# Real recordings

{about} that training never heard; real microphones, many accents. The dev split of Picovoice's speech-to-intent
recordings (Apache-2.0); transcripts were made by decoding under a grammar, 1 to 2 % of their words are estimated to be
wrong. Intervals are bootstraps by speaker; the true end of speech is estimated.

    AZSIM_DATA=... python -m experiments.real_recordings --out reports/real_recordings

{table}
"WER whole" is over whole recordings, "WER delivered" over the words up to the end-point ({end_point}):

{cut}"""


def dev_manifest(data: Path, folder: Path) -> Path:
    """A manifest of the dev split alone, its files as absolute paths."""
    source = data / "barista" / "manifest.csv"
    try:
        with open(source, newline="", encoding="utf-8") as stream:
            rows = [row for row in csv.DictReader(stream) if row["split"] == SPLIT and row["transcript"]]
    except (OSError, KeyError) as error:
        raise InputError(f"{source}: cannot be read as a manifest with columns split, transcript: {error}") from None
    path = folder / "dev.csv"
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, ["file", "transcript", "speaker"])
        writer.writeheader()
        for row in rows:
            recording = str((source.parent / row["file"]).resolve())
            writer.writerow({"file": recording, "transcript": row["transcript"], "speaker": row["speaker"]})
    return path


def main() -> int:
    """The command; its exit status."""
    parser = options_of(__package__, __doc__)
    parser.add_argument("--out", type=Path, default=Path("runs") / "real_recordings")
    options = parser.parse_args()
    return exit_status(lambda: run(options.out))


def run(out: Path) -> None:
    """Compare, and write ``results.json`` and ``README.md``."""
    data = data_folder("barista/")
    experiment, path = load_experiment(None)
    with tempfile.TemporaryDirectory() as scratch:
        only_words = msgspec.structs.replace(experiment, name="real-recordings", production=None, sensitivity=None)
        setup = make_setup(only_words, path, dev_manifest(data, Path(scratch)))
        comparison = compare(setup, default_workers())
    speakers = len({utterance.columns["speaker"] for utterance in setup.utterances})
    seconds = sum(utterance.audio_ms for utterance in setup.utterances) / 1000
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_text(json.dumps({"rows": rows_to_json(comparison.rows)}, indent=1) + "\n")
    cut = "\n".join(
        f"- {row.config}: {row.wer_delivered_percent:.1f} % delivered, "
        f"{row.premature_endpoint_share:.0%} premature end-points"
        for row in comparison.rows
    )
    about = f"{len(setup.utterances)} coffee orders, {seconds:.0f} s, {speakers} speakers (estimated)"
    table, silence_ms = markdown_table(comparison.rows), experiment.ends.said
    write_page(out, ABOUT.format(about=about, table=table, cut=cut, silence_ms=silence_ms))
    print((out / "README.md").read_text())


if __name__ == "__main__":
    raise SystemExit(main())
