"""# When an utterance has ended: early cuts against waiting

    AZSIM_DATA=... python -m experiments.endpointing --dev --out reports/endpointing

Every end-pointer ends the same recordings, heard once by the dense network in int8 with a beam of 4: the fixed rule
(so long without other words), the three default rules of sherpa, quiet by silero-vad and by webrtcvad (alone, and
beside 240 ms without other words), and azsim's two-stage end-pointer with its shipped networks and limits, which sees
all hypotheses of the beam. The shipped test speech
knows its true ends; those of the people's orders (dev split, heard with `--dev` alone) are estimated from energy. Room
tone at -60 dBFS is added to the orders; the room goes on after every recording.

Thresholds were chosen on neither (`python -m experiments.endpointing.tune`); the peers' posterior is cut at 0.5, as
their documents have it (silero-vad runs from its own ONNX file; azsim's import of it gives the same posteriors,
[third_party](../third_party/README.md)). An early cut is a recording whose words at the end-point are not those of the
whole recording. EP50 and EP90 are waits from the true end of speech to the end-point, in time of the sound, over the
recordings that were not cut early; computing adds a few milliseconds (`azsim compare`). Results downstream are those of
simulated work (`azsim/soc/downstream.py`) that follows each event log: with a lead of L, work of D is hidden up to
min(L, D), so that the curves part until D is the lead and run beside each other from there on.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from azsim.compress import compress
from azsim.compress.network import CompressedNetwork
from azsim.compress.stored import load_recogniser
from azsim.report.page import write_page
from azsim.report.percentiles import percentile
from azsim.resources import data_folder
from azsim.speech.endpointing.decision import EndPointing
from azsim.speech.search.choice import SearchChoice
from azsim.train.command import exit_status
from experiments.endpointing.emission import Emission, emissions, spoken
from experiments.endpointing.figure import draw_curves, draw_perceived
from experiments.endpointing.measure import OURS, EndPointingOutcome, Perceived, measured, perceived
from experiments.endpointing.networks import networks_of
from experiments.endpointing.peers import peers
from experiments.endpointing.recordings import orders, shipped_speech
from experiments.endpointing.tracks import Track, listener_of, track_of
from experiments.options import options_of
from experiments.studies.cells import write_csv

SHIPPED, PEOPLE = "shipped", "orders of people"
SHOWN = {
    "fixed rule": (480, 960), "sherpa's rules": (1200,), "silero-vad": (330, 600), "webrtcvad": (330, 600),
    "silero-vad and labels": (210, 330), "webrtcvad and labels": (210, 330),
}  # fmt: skip
AIMS = """Aimed at: at most 3 % early cuts on the shipped speech and 5 % on the orders, 10 % resets, a median wait of
400 ms to the final and 200 ms to the speculative end-point, and delivered words within 1.0 point of the whole
recording's."""


def table(rows: Sequence[EndPointingOutcome]) -> str:
    """The rows that the page shows, as Markdown."""
    head = "| end-pointer | early cuts, % | WER delivered, % | EP50 / EP90, ms | speculative, ms | resets, % |"
    lines = [head, "|:--|--:|--:|--:|--:|--:|"]
    for row in rows:
        if row.end_pointer != OURS and row.setting_ms not in SHOWN.get(row.end_pointer, ()):
            continue
        alone = row.end_pointer in (OURS, "sherpa's rules")
        name = row.end_pointer if alone else f"{row.end_pointer}, {row.setting_ms} ms"
        more = ("–", "–")
        if row.speculative_p50_ms is not None and row.reset_percent is not None:
            more = (f"{row.speculative_p50_ms:.0f}", f"{row.reset_percent:.1f}")
        cells = (
            name, f"{row.early_cut_percent:.1f}", f"{row.wer_delivered_percent:.1f}",
            f"{row.ep50_ms:.0f} / {row.ep90_ms:.0f}", *more,
        )  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def about(
    speech: str, tracks: Sequence[Track], rows: Sequence[EndPointingOutcome], results: Sequence[Perceived]
) -> str:
    """What a set came to."""
    emitted = [ms for track in tracks if (ms := track.emission_ms()) is not None]
    low, middle, high = (percentile(emitted, share) for share in (10, 50, 90))
    ours = next(row for row in rows if row.end_pointer == OURS)
    knee = [each for each in results if each.downstream_ms in (100, 200, 400)]
    saved = ", ".join(
        f"{each.without_ms - each.with_speculation_ms:.0f} ms of {each.downstream_ms} ms" for each in knee
    )
    return f"""## {speech.capitalize()}

{len(tracks)} recordings. Whole recordings: {ours.wer_whole_percent:.1f} % word errors; delivered:
{ours.wer_delivered_percent:.1f} %, {ours.wer_delivered_percent - ours.wer_whole_percent:+.1f} points. The last label
comes {low:.0f}, {middle:.0f} and {high:.0f} ms after the true end of speech (10th percentile, median, 90th): what no
end-pointer that waits for words can be faster than. The speculative end-point leads by {ours.lead_p50_ms:.0f} ms at the
median; it saves {saved} of work downstream, at the price of {knee[0].runs_per_recording:.2f} runs a recording.

{table(rows)}"""


def chosen_on(path: Path) -> list[str]:
    """What the shipped limits came to where they were chosen, if that was written down here."""
    if not path.is_file():
        return []
    head = "| decision | chosen on | recordings | median wait, ms | 90 %, ms | cut early, or taken back, % |"
    lines = [f"{head} lead, ms | loss, points |", "|:--|:--|--:|--:|--:|--:|--:|--:|"]
    with path.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            waits = f"{float(row['median_ms']):.0f} | {float(row['p90_ms']):.0f}"
            wrong = f"{float(row['wrong_percent']):.1f}"
            lead = f"{float(row['lead_ms']):.0f}" if row["lead_ms"] else "–"
            loss = f"{float(row['loss_points']):+.1f}" if row["loss_points"] else "–"
            whose = f"{row['decision']} | {row['speech']} | {row['recordings']}"
            lines.append(f"| {whose} | {waits} | {wrong} | {lead} | {loss} |")
    return ["## Where the limits were chosen", "\n".join(lines)]


def tracks_of(options: argparse.Namespace, small: CompressedNetwork) -> dict[str, list[Track]]:
    """The recordings of every set, heard with everything."""
    recogniser, others = listener_of(small, SearchChoice(), networks_of(options.runs)), list(peers())
    found = {SHIPPED: [track_of(each, recogniser, others) for each in shipped_speech()]}
    if options.dev:
        data = data_folder("barista/")
        found[PEOPLE] = [track_of(each, recogniser, others) for each in orders(data, "dev")]
    return found


def emission_table(rows: Sequence[Emission]) -> list[str]:
    """When words are known, as a section; none where no speech with known words could be made."""
    if not rows:
        return []
    lines = ["| last label less the end of its word | search | words | 10 %, ms | median, ms | 90 %, ms |"]
    lines.append("|:--|:--|--:|--:|--:|--:|")
    for row in rows:
        times = f"{row.p10_ms:.0f} | {row.p50_ms:.0f} | {row.p90_ms:.0f}"
        lines.append(f"| {row.speech} | {row.search} | {row.words} | {times} |")
    how = """Festival says when each of its words ends; sentences of the shipped speech by two of its voices, in a quiet
room, words that were recognised. Below 0 a word is known before it is over."""
    return ["## When words are known", how, "\n".join(lines)]


def run(options: argparse.Namespace) -> None:
    """Hear, measure, write."""
    small = compress(load_recogniser(options.model), codec="raw")
    write(tracks_of(options, small), EndPointing(), emissions(small, said) if (said := spoken()) else [], options.out)


def write(heard: Mapping[str, Sequence[Track]], limits: EndPointing, known: Sequence[Emission], out: Path) -> None:
    """Measure what was heard, draw and write the report."""
    rows: list[EndPointingOutcome] = []
    results: list[Perceived] = []
    parts = []
    for speech, tracks in heard.items():
        own, usable = measured(speech, tracks, limits), perceived(speech, tracks, limits)
        parts.append(about(speech, tracks, own, usable))
        rows, results = [*rows, *own], [*results, *usable]
    out.mkdir(parents=True, exist_ok=True)
    write_csv(rows, out / "end_pointers.csv")
    write_csv(results, out / "perceived.csv")
    if known:
        write_csv(known, out / "emission.csv")
    draw_curves(rows, out)
    draw_perceived(results, out)
    names = dict.fromkeys(row.end_pointer for row in rows)
    missing = [peer for peer in ("silero-vad", "webrtcvad") if peer not in names]
    left_out = f"\n\nNot installed here, so left out: {', '.join(missing)}." if missing else ""
    pictures = "![early cuts against waiting](curves.svg)\n\n![when a result is usable](perceived.svg)"
    body = "\n\n".join([*parts, *emission_table(known), *chosen_on(out / "chosen.csv")])
    write_page(out, f"{__doc__}\n{AIMS}{left_out}\n\n{pictures}\n\n{body}\n")
    print((out / "README.md").read_text(encoding="utf-8"))


def main() -> int:
    """The command; its exit status."""
    parser = options_of(__package__, __doc__)
    parser.add_argument("--model", default="rnnt-student")
    parser.add_argument("--runs", type=Path, help="networks of a training in place of the shipped ones")
    parser.add_argument("--dev", action="store_true", help="hear the dev split of people's orders as well")
    parser.add_argument("--out", type=Path, default=Path("runs/endpointing"))
    options = parser.parse_args()
    return exit_status(lambda: run(options))


if __name__ == "__main__":
    raise SystemExit(main())
