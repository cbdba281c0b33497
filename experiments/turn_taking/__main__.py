"""# Who is spoken to: by sound, by picture, by both

    AZSIM_DATA=... AZSIM_RUNS=... python -m experiments.turn_taking --out reports/turn_taking

What is real: the voices. 85 orders of the dev split (7 speakers) and 100 read sentences of LibriSpeech's test-other (10
speakers), one recording after another at levels of their own, people whom no training and no threshold heard. What is
simulated: that they stand in front of a device, to whom they speak, where they look, how their mouths move, and what a
tracker makes of it (`azsim/speech/turn_taking/people.py`; shares and times are assumed). So a figure with a picture in
it is a figure of those assumptions. A figure of the sound alone is one, too: an order is taken to be said to the device
and a read sentence to somebody else, but for the shares stated; and the two sets were recorded by different people in
different ways, which a network may hear as well as what is said. No words are read; a face tracker is not computed. The
trainings were short (360 steps): their losses were still falling.

Networks run in the integers of their bitstreams. Turns are cut by the shipped network's posterior of speech, of the
sound alone, the same for all; 600 ms of speech decide. F1 counts turns to the device that were taken for such.
Intervals are 95 % bootstraps by speaker.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from azsim.compress import compress
from azsim.compress.stored import load_compressed, load_network
from azsim.errors import InputError
from azsim.report.page import write_page
from azsim.resources import model_file
from azsim.speech.stages.turn_taking import TURN_TAKING
from azsim.train.command import exit_status
from experiments.options import options_of
from experiments.studies.cells import write_csv
from experiments.studies.runs import runs_folder
from experiments.turn_taking.costs import costs
from experiments.turn_taking.measure import (
    CAMERAS,
    NOBODY,
    USUAL,
    Fused,
    Taken,
    decide,
    draws,
    f1,
    gain,
    heard_steps,
    shares,
    speech_of,
)
from experiments.turn_taking.played import stage_costs
from experiments.turn_taking.scenes import RecordedScene, kitchen, recordings, scenes_of
from experiments.turn_taking.tables import (
    MIXTURES,
    ROWS,
    SENSES,
    SOUNDS,
    USUAL_MIXTURE,
    CompressedTurns,
    Gained,
    Sensed,
    markdown,
    read_rows,
)

PARTS = ("turns", "sizes", "chip", "stages")
COMPRESSIONS = (("raw", 8, 0.0), ("packed", 5, 0.0), ("packed", 4, 0.0), ("zvsv", 5, 0.5))


def networks(runs: Path) -> dict[str, Fused]:
    """The shipped network, and those of one sense as `azsim train` left them.

    Raises:
        InputError: one is not trained yet.
    """
    shipped_file = model_file(TURN_TAKING)
    found = {"fused": Fused.of(load_compressed(shipped_file), shipped_file)}
    for sense in ("audio", "vision"):
        path = runs / "turn_taking" / sense / "final.safetensors"
        if not path.exists():
            raise InputError(f"{path}: no such file; azsim train turn_taking/{sense} makes it")
        found[sense] = Fused.of(compress(load_network(path), codec="packed", weight_bits=5), path)
    return found


def row_of(mixture: str, sound: str, camera: str, sense: str, found: Taken) -> Sensed:
    """As the table has it."""
    delay = float(np.median(found.delays_ms)) if found.delays_ms.size else 0.0
    return Sensed(
        mixture, sound, camera, sense, len(found.wanted), *f1(found), **shares(found), elsewhere=found.elsewhere,
        delay_p50_ms=delay,
    )  # fmt: skip


def sensed(
    found: dict[str, Fused], scenes: Sequence[RecordedScene], unwanted: np.ndarray, count: int
) -> tuple[list[Sensed], list[Gained]]:
    """All conditions, and what the fused network gains over each sense in the quiet."""
    rows, gains = list[Sensed](), list[Gained]()
    for mixture, of_roles in MIXTURES.items():
        drawn = draws(scenes, count, *of_roles)
        for sound, snr_db in SOUNDS if mixture == USUAL_MIXTURE else SOUNDS[:1]:
            steps = heard_steps(scenes, unwanted, snr_db)
            voiced = speech_of(found["fused"], steps)
            cameras = (*CAMERAS, NOBODY) if mixture == USUAL_MIXTURE else (USUAL,)
            for camera in cameras:
                made = {}
                for sense in SENSES:
                    if (sense == "audio" and camera != USUAL) or (sense == "vision" and camera == NOBODY):
                        continue
                    made[sense] = decide(
                        found[sense], scenes, steps, drawn, camera, voiced, sense != "audio", sense != "vision"
                    )
                    rows.append(row_of(mixture, sound, camera, sense, made[sense]))
                    print(rows[-1], flush=True)
                if (mixture, sound, camera) == (USUAL_MIXTURE, SOUNDS[0][0], USUAL):
                    gains = [Gained(sense, *gain(made["fused"], made[sense])) for sense in SENSES[:2]]
    return rows, gains


def sizes(runs: Path, scenes: Sequence[RecordedScene], unwanted: np.ndarray, count: int) -> list[CompressedTurns]:
    """The fused network, trained for five bits, under several compressions."""
    path = runs / "turn_taking" / "fused" / "final.safetensors"
    source = path if path.exists() else model_file(TURN_TAKING)
    network, rows = load_network(source), []
    steps = heard_steps(scenes, unwanted, None)
    drawn = draws(scenes, count, *MIXTURES[USUAL_MIXTURE])
    for codec, bits, zeros in COMPRESSIONS:
        small = compress(network, weight_bits=bits, sparsity=zeros, codec=codec)
        own = Fused.of(small, source)
        taken = decide(own, scenes, steps, drawn, USUAL, speech_of(own, steps))
        rows.append(CompressedTurns(codec, bits, zeros, small.model_bytes, *f1(taken)))
    return rows


def measure(part: str, options: argparse.Namespace, data: Path) -> dict[str, list]:
    """One part of the report: the rows of its files."""
    if part == "chip":
        return {"chip": costs()}
    if part == "stages":
        return {"stages": stage_costs(options.utterances)}
    scenes, unwanted = scenes_of(recordings(data, options.recordings)), kitchen(data)
    if part == "sizes":
        return {"sizes": sizes(options.runs, scenes, unwanted, options.draws)}
    rows, gains = sensed(networks(options.runs), scenes, unwanted, options.draws)
    return {"turns": rows, "gains": gains}


def run(options: argparse.Namespace) -> None:
    """Measure, keep what an earlier run measured of the parts that are left out, and write."""
    data = os.environ.get("AZSIM_DATA")
    if not data:
        raise InputError("AZSIM_DATA: not set; it names the folder that holds barista/, speakers/ and noise/")
    options.out.mkdir(parents=True, exist_ok=True)
    for part in options.only:
        for name, rows in measure(part, options, Path(data)).items():
            write_csv(rows, options.out / f"{name}.csv")
    rows = {name: read_rows(options.out / f"{name}.csv", kind) for name, kind in ROWS.items()}
    write_page(options.out, f"{__doc__}\n{markdown(*(rows[name] for name in ROWS))}")


def main() -> int:
    """The command; its exit status."""
    parser = options_of(__package__, __doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="parts that are measured anew")
    parser.add_argument("--runs", type=Path, default=runs_folder(), help="where the networks of one sense were trained")
    parser.add_argument("--recordings", type=int, default=10_000, help="at most so many of each kind")
    parser.add_argument("--draws", type=int, default=1, help="times that roles are drawn")
    parser.add_argument("--utterances", type=int, default=4, help="that the device plays")
    out = Path("runs/turn_taking")
    parser.add_argument("--out", type=Path, default=out, help=f"where the report goes (default: {out})")
    options = parser.parse_args()
    return exit_status(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
