"""Beam search and its lattices: words, oracle, density, bytes, cost by beam; confidences calibrated.

    AZSIM_DATA=... python -m experiments.lattice [--out reports/lattice]

The shipped student at 5 bits and half zeros over the shipped test speech, and over the dev split of Picovoice's
speech-to-intent recordings (Apache-2.0), people that training never heard. The temperature is fitted on the five
speakers of the train split that no training heard. Only numbers are written, and lattices of shipped speech.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from azsim.chip.build import tile_layout
from azsim.compare.lattices import figures_of
from azsim.compress import compress
from azsim.compress.network import CompressedNetwork
from azsim.compress.stored import load_network
from azsim.deploy.cost import program_cost
from azsim.deploy.deployment import Deployment
from azsim.devices.loader import load_device
from azsim.report.figures.style import write_figure
from azsim.report.page import write_page
from azsim.report.wer import count_errors, wer_percent
from azsim.speech.conclusion import Recognition
from azsim.speech.lattice.drawing import lattice_svg
from azsim.speech.lattice.slf import to_slf
from azsim.speech.recogniser import Recogniser
from azsim.speech.search.choice import GREEDY, SearchChoice
from azsim.train.command import exit_status
from experiments.lattice.calibration import Sure, ece_percent, fitted, reliability, right_words
from experiments.lattice.material import HELD_OUT, OPUS_KBPS, REAL, SHIPPED, Said, heard
from experiments.options import options_of

MODEL, WEIGHT_BITS, SPARSITY, DEVICE = "rnnt-5bit-50", 5, 0.5, "az1"
SEARCHES = {
    "greedy": GREEDY,
    "beam 1": SearchChoice("beam", 1, temperature=1.0),
    "beam 2": SearchChoice("beam", 2, temperature=1.0),
    "beam 4": SearchChoice("beam", 4, temperature=1.0),
    "beam 8": SearchChoice("beam", 8, temperature=1.0),
    "beam 4, histories whole": SearchChoice("beam", 4, merged_labels=0, temperature=1.0),
    "beam 4, last 2 labels": SearchChoice("beam", 4, merged_labels=2, temperature=1.0),
}
CALIBRATED = "beam 4"
TIMES = 3
SHOWN = ("test-seen-001", "test-seen-007", "test-unseen-106")

ABOUT = """# Beam search and its lattices

{model} at {bits} bits and {zeros:.0%} zeros on `{device}`; {shipped} shipped test utterances ({shipped_s:.0f} s) and
{real} orders of real people of the dev split ({real_s:.0f} s; transcripts are partly estimated).

    AZSIM_DATA=... python -m experiments.lattice --out reports/lattice

## Words

WER of the whole recording: best path, nearest of ten paths, nearest path of the lattice (oracle).

{words}

## Size

Edges, and bytes of the message that goes up in place of audio, per utterance; Opus by libopus at {opus} kb/s, packets
alone.

{sizes}

## Cost

Per second of audio of the shipped speech. "CPU" is processor time of this machine for the whole recogniser from
features to words and lattice, the least of {times} runs, and of the search alone, each also as a multiple of the greedy
search's. "joint" and "prediction" count hypotheses, "turns" runs of the joint: hypotheses of a turn share its tiles.
NPU and cores are busy on the device as its schedules say, without contention.

{cost}

The states of the prediction network that a beam keeps take {state_bytes} bytes of on-chip memory at beam 4.

## Confidence

`word_posterior` of {words_fit} words of {held_out} held-out orders (5 speakers of the train split that no training
heard) gives the temperature {temperature:.2f}. Expected calibration error, ten bins:

{calibration}

![Reliability](reliability.svg)

## Examples

Lattices of shipped utterances under `{calibrated_by}`, posterior 0.001 and more: {examples}.

![{shown}]({shown}.svg)
"""


@dataclass(frozen=True)
class SearchOutcome:
    """One search over one set."""

    recognitions: list[Recognition]
    cpu_s: float
    search_cpu_s: float


def listen(small: CompressedNetwork, choice: SearchChoice, said: Sequence[Said], times: int) -> SearchOutcome:
    """Recognise a set; the least of several times, of all and of the search alone."""
    best = search_best = float("inf")
    for _ in range(times):
        timed = _Timed(choice)
        recogniser = Recogniser(small, timed.make, lattices=choice)
        start = time.process_time()
        found = [recogniser.recognise(one.frames, one.name, audio_ms=one.audio_ms) for one in said]
        best, search_best = min(best, time.process_time() - start), min(search_best, timed.spent_s)
    return SearchOutcome(found, best, search_best)


class _Timed:
    """Makes searches whose time is summed up."""

    def __init__(self, choice: SearchChoice) -> None:
        self._make, self.spent_s = choice.maker(), 0.0

    def make(self, model):
        search, timed = self._make(model), self
        inner = search.advance

        def advance(encoded: np.ndarray) -> None:
            start = time.process_time()
            inner(encoded)
            timed.spent_s += time.process_time() - start

        search.advance = advance
        return search


def wer_row(
    heard_by: SearchOutcome, said: Sequence[Said]
) -> tuple[float, float | None, float | None, float, float | None]:
    """WER of the best path, of the nearest of ten, of the oracle; edges and message bytes per utterance."""
    texts = [one.transcript.text_whole for one in heard_by.recognitions]
    wer = wer_percent(count_errors([one.reference for one in said], texts))
    lattices = [one.lattice for one in heard_by.recognitions]
    if lattices[0] is None:
        return wer, None, None, 0.0, None
    figures = [figures_of(lattice, one.reference) for lattice, one in zip(lattices, said)]
    words = sum(len(one.reference.split()) for one in said)
    n_best = 100 * sum(one.n_best_errors for one in figures) / words
    oracle = 100 * sum(one.oracle_errors for one in figures) / words
    edges = float(np.mean([one.edges for one in figures]))
    return wer, n_best, oracle, edges, float(np.mean([one.message_bytes for one in figures]))


def device_ms(small: CompressedNetwork, choice: SearchChoice, heard_by: SearchOutcome) -> tuple[float, float]:
    """Milliseconds that the NPU and a core are busy with all that was heard, without contention."""
    device = load_device(DEVICE)
    deployed = Deployment(device, small, reserved_bytes=choice.state_bytes(small.network))
    cycles: dict[str, float] = {}
    npu = core = 0.0
    for one in heard_by.recognitions:
        schedules = deployed.schedules_of(one.work)
        for job in one.work.jobs:
            if job.engine == "npu":
                if job.schedule not in cycles:
                    cycles[job.schedule] = program_cost(schedules[job.schedule], device.chip).cycles
                npu += cycles[job.schedule]
            elif job.name == "search":
                task = device.cpu.task("search")
                core += task.cycles_per_call + job.units * task.cycles_per_unit
    return npu / device.chip.clock_mhz / 1000, core / device.cpu.clock_mhz / 1000


def sure_words(heard_by: SearchOutcome, said: Sequence[Said]) -> Sure:
    """Posteriors of all words up to the end-point, and whether they are right."""
    posterior, right = [], []
    for recognition, one in zip(heard_by.recognitions, said):
        words = recognition.transcript.words
        posterior += [word.word_posterior for word in words]
        right += right_words(one.reference, [word.text for word in words])
    return Sure(np.array(posterior), np.array(right))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown; the first column is text."""
    lines = [f"| {' | '.join(head)} |", "|---|" + "---:|" * (len(head) - 1)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def number(value: float | None, digits: int = 1) -> str:
    """With so many digits; a dash where there is none."""
    return "\u2013" if value is None else f"{value:.{digits}f}"


def main() -> int:
    """The command; its exit status."""
    parser = options_of(__package__, __doc__)
    parser.add_argument("--out", type=Path, default=Path("runs") / "lattice")
    options = parser.parse_args()
    return exit_status(lambda: run(options.out))


def run(out: Path) -> None:
    """Hear everything with every search, and write the page, the figures and the lattices."""
    sets = heard()
    layout = tile_layout(load_device(DEVICE).chip)
    network = load_network(MODEL)
    small = compress(network, weight_bits=WEIGHT_BITS, sparsity=SPARSITY, codec="zvsv", layout=layout)
    audio_s = {name: sum(one.audio_ms for one in said) / 1000 for name, said in sets.items()}
    answer: dict[str, dict[str, object]] = {}
    words, sizes, cost = [], [], []
    greedy: SearchOutcome | None = None
    opus = [float(np.mean([one.opus_bytes for one in sets[name]])) for name in (SHIPPED, REAL)]
    for name, choice in SEARCHES.items():
        listen(small, choice, sets[SHIPPED][:2], 1)
        by = {
            SHIPPED: listen(small, choice, sets[SHIPPED], TIMES),
            REAL: listen(small, choice, sets[REAL], 1),
        }
        greedy = greedy or by[SHIPPED]
        rows = {part: wer_row(by[part], sets[part]) for part in by}
        words.append([name, *(number(value) for part in by for value in rows[part][:3])])
        if choice.kind == "beam":
            sizes.append([name, *(number(rows[part][k], 0) for part in by for k in (3, 4))])
        jobs = [job for one in by[SHIPPED].recognitions for job in one.work.jobs]
        joint = [job.units for job in jobs if job.name == "joint"]
        predicted = sum(job.units for job in jobs if job.name == "prediction")
        npu_ms, core_ms = device_ms(small, choice, by[SHIPPED])
        per_s = audio_s[SHIPPED]
        cost.append(
            [
                name,
                number(1000 * by[SHIPPED].cpu_s / per_s, 2),
                number(by[SHIPPED].cpu_s / greedy.cpu_s, 2),
                number(by[SHIPPED].search_cpu_s / greedy.search_cpu_s, 2),
                number(len(joint) / per_s),
                number(sum(joint) / per_s),
                number(predicted / per_s),
                number(npu_ms / per_s, 2),
                number(core_ms / per_s, 2),
            ]
        )
        answer[name] = {
            "wer_percent": {part: rows[part][0] for part in by},
            "wer_n_best_percent": {part: rows[part][1] for part in by},
            "wer_oracle_percent": {part: rows[part][2] for part in by},
            "edges": {part: rows[part][3] for part in by},
            "message_bytes": {part: rows[part][4] for part in by},
            "cpu_ms_per_s": 1000 * by[SHIPPED].cpu_s / per_s,
            "cpu_against_greedy": by[SHIPPED].cpu_s / greedy.cpu_s,
            "search_against_greedy": by[SHIPPED].search_cpu_s / greedy.search_cpu_s,
            "npu_ms_per_s": npu_ms / per_s,
            "search_core_ms_per_s": core_ms / per_s,
        }
        if name == CALIBRATED:
            chosen = by
    sizes.append([f"audio, Opus {OPUS_KBPS} kb/s", "", number(opus[0], 0), "", number(opus[1], 0)])
    fit_on = sure_words(listen(small, SEARCHES[CALIBRATED], sets[HELD_OUT], 1), sets[HELD_OUT])
    temperature = fitted(fit_on)
    calibration, curves = [], {}
    for name, sure in (
        (f"{HELD_OUT}, fitted on", fit_on),
        (f"{REAL}, dev", sure_words(chosen[REAL], sets[REAL])),
        (SHIPPED, sure_words(chosen[SHIPPED], sets[SHIPPED])),
    ):
        before, after = (ece_percent(sure.at(one), sure.right) for one in (1.0, temperature))
        share = 100 * float(sure.right.mean())
        calibration.append([name, str(len(sure.right)), number(share), number(before), number(after)])
        answer.setdefault("calibration", {})[name] = {"ece_before_percent": before, "ece_after_percent": after}
        if name.startswith(REAL):
            curves = {"as it is": (sure.at(1.0), sure.right), "calibrated": (sure.at(temperature), sure.right)}
    answer["temperature"] = {"value": temperature}
    out.mkdir(parents=True, exist_ok=True)
    write_figure(reliability(curves), "reliability", out)
    names = [one.name for one in sets[SHIPPED]]
    for name in SHOWN:
        lattice = chosen[SHIPPED].recognitions[names.index(name)].lattice
        (out / f"{name}.slf").write_text(to_slf(lattice), encoding="utf-8")
        (out / f"{name}.svg").write_text(lattice_svg(lattice), encoding="utf-8")
    (out / "results.json").write_text(json.dumps(answer, indent=1) + "\n")
    three = [f"{part}: {what}, %" for part in (SHIPPED, REAL) for what in ("best", "10-best", "oracle")]
    head = ("search", "CPU ms/s", "against greedy", "search alone", "turns/s", "joint/s", "prediction/s", "NPU ms/s",
            "search on cores ms/s")  # fmt: skip
    page = ABOUT.format(
        model=MODEL,
        bits=WEIGHT_BITS,
        zeros=SPARSITY,
        device=DEVICE,
        shipped=len(sets[SHIPPED]),
        shipped_s=audio_s[SHIPPED],
        real=len(sets[REAL]),
        real_s=audio_s[REAL],
        words=table(("search", *three), words),
        opus=OPUS_KBPS,
        sizes=table(("search", *(f"{part}: {what}" for part in (SHIPPED, REAL) for what in ("edges", "bytes"))), sizes),
        times=TIMES,
        cost=table(head, cost),
        state_bytes=SEARCHES[CALIBRATED].state_bytes(network),
        words_fit=len(fit_on.right),
        held_out=len(sets[HELD_OUT]),
        temperature=temperature,
        calibration=table(("words of", "words", "right, %", "error before, %", "error after, %"), calibration),
        calibrated_by=CALIBRATED,
        examples=", ".join(f"[{name}]({name}.slf)" for name in SHOWN),
        shown=SHOWN[-1],
    )
    write_page(out, page)
    print((out / "README.md").read_text())


if __name__ == "__main__":
    raise SystemExit(main())
