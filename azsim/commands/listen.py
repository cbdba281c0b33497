"""``azsim listen``: a microphone, or raw sound from standard input, turn by turn as it comes."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from azsim.commands.shared.options import count, granularity_option, path
from azsim.errors import InputError, readable
from azsim.interrupts import interrupts_end_all

if TYPE_CHECKING:
    from azsim.cloud.turn_words import TurnAsker, TurnWords
    from azsim.compare.live import TurnCost
    from azsim.speech.conversation.conversation import ConversationTurn, Happening

HELP = "listen to a microphone or a pipe: partial words, end-points, what each turn costs"
STDIN = "-"


def declare(command: argparse.ArgumentParser) -> None:
    """Where the sound comes from, the device and how its network is compressed, what opens a turn."""
    command.add_argument(
        "source",
        nargs="?",
        metavar="SOURCE",
        help="- for raw samples on standard input (16 kHz, mono, s16le), or a microphone's number or part of its name "
        "(default: the system's microphone, with the extra [mic])",
    )
    command.add_argument("--device", default="az1", help="a device's name or a .toml (default: az1)")
    command.add_argument("--model", default="rnnt-5bit-50", help="as for run (default: rnnt-5bit-50)")
    command.add_argument("--codec", default="zvsv", help="weight codec (default: zvsv)")
    command.add_argument("--weight-bits", type=int, default=5, help="1 to 8 (default: 5)")
    command.add_argument("--sparsity", type=float, default=0.5, help="share of zeros (default: 0.5)")
    granularity_option(command)
    command.add_argument(
        "--catalogue", type=path, metavar="FILE", help="names that the user has: a text, or a CSV with entry,class"
    )
    command.add_argument("--beam", type=count, default=4, help="hypotheses of the search (default: 4; 1: greedy)")
    command.add_argument("--seed", type=int, default=1, help="of network jitter (default: 1)")
    command.add_argument("--no-wake", action="store_true", help="a turn begins with a voice, not with the wake word")
    command.add_argument("--no-partials", action="store_true", help="final words alone")
    command.add_argument(
        "--cloud",
        type=_address,
        metavar="HOST:PORT",
        help="send the lattice of every turn to azsim cloud serve there, and take its words if they come in time",
    )
    command.add_argument("--limit-ms", type=count, default=2000, metavar="MS", help="wait for them (default: 2000)")
    command.add_argument(
        "--certificates", type=path, metavar="FOLDER", help="of the cloud (default: ~/.cache/azsim/cloud)"
    )


def perform(options: argparse.Namespace) -> dict[str, object]:
    """Listen until the sound ends or Ctrl-C; print turn by turn.

    Raises:
        InputError: the sound, network, device or a setting is wrong.
    """
    with interrupts_end_all():
        from azsim.compare.live import LiveConversation, TurnCost
        from azsim.compare.single import Single, experiment_of
        from azsim.speech.conversation.conversation import ConversationTurn
        from azsim.speech.conversation.openers import for_voice, for_wake_word
        from azsim.speech.live_sound import microphone_blocks, raw_blocks
    if options.cloud and options.beam == 1:
        raise InputError("--beam 1: a greedy search has no lattice for --cloud; give --beam 2 or more")
    experiment = experiment_of(
        Single.asked(options),
        "listen",
    )
    waiting = for_voice(experiment.ends.limits.speech_above) if options.no_wake else for_wake_word()
    live = LiveConversation(experiment, waiting)
    if options.source == STDIN:
        if sys.stdin is None:
            raise InputError("standard input is closed; pipe raw sound to it")
        blocks = raw_blocks(sys.stdin.buffer)
    else:
        blocks = microphone_blocks(int(options.source) if (options.source or "").isdecimal() else options.source)
    if not options.json and not options.quiet:
        opens = "a voice" if options.no_wake else 'the wake word "alexa"'
        print(f"listening; {opens} opens a turn; Ctrl-C ends", file=sys.stderr)
    turns: list[dict[str, object]] = []
    with contextlib.ExitStack() as open_until_the_end:
        asker = open_until_the_end.enter_context(_asker(options, live.local_processing)) if options.cloud else None
        try:
            for happening in live.hear(blocks):
                told = asker.tell(happening) if asker else None
                if isinstance(happening, ConversationTurn):
                    turns.append(_turn_as_json(happening))
                elif isinstance(happening, TurnCost):
                    turns[-1] |= _cost_as_json(happening)
                lines = _lines(happening, not options.no_partials)
                if told is not None:
                    turns[-1]["cloud"] = _words_as_json(told)
                    lines.append(f"            {_words_line(told)}")
                if not options.json:
                    for line in lines:
                        print(readable(line), flush=True)
        except KeyboardInterrupt:
            pass  # the way to end listening: what was heard stands
    load = live.load
    if not options.json:
        share = load.busy_s / load.sound_s if load.sound_s else 0.0
        print(f"{load.sound_s:.1f} s of sound, {len(turns)} turns, {share:.3f} of its time computed")
    return {"turns": turns, "sound_s": load.sound_s, "computed_s": load.busy_s}


@contextlib.contextmanager
def _asker(options: argparse.Namespace, local_processing: bool) -> Iterator[TurnAsker]:
    """The line to the server, open as long as it is needed."""
    from azsim.cloud.certificates import certificates
    from azsim.cloud.client import CloudClient
    from azsim.cloud.turn_words import TurnAsker

    host, port = options.cloud
    keys = certificates(options.certificates)
    with (
        CloudClient(keys, port, local_processing=local_processing, limit_ms=options.limit_ms, host=host) as client,
        TurnAsker(client) as asker,
    ):
        yield asker


def _lines(happening: Happening | TurnCost, with_partials: bool) -> list[str]:
    """What is printed of something that happened."""
    from azsim.compare.live import TurnCost
    from azsim.speech.conversation.conversation import ConversationTurn, TurnLattice
    from azsim.speech.conversation.opening import Opening
    from azsim.speech.conversation.partials import Partial

    if isinstance(happening, TurnLattice):
        return []
    if isinstance(happening, Opening):
        return [f"{_at(happening.time_ms)}  opened by {happening.by} ({happening.posterior:.2f})"]
    if isinstance(happening, Partial):
        return [f"{_at(happening.time_ms)}  ... {happening.text}"] if with_partials else []
    if isinstance(happening, ConversationTurn):
        words = happening.text or "(no words)"
        return [f"{_at(happening.end_ms)}  turn {happening.number}: {words}  [{happening.reason}]"]
    if isinstance(happening, TurnCost):
        return [f"            {_cost_line(happening)}"]
    if happening.kind == "commit":
        return []
    return [f"{_at(happening.time_ms)}  {happening.kind}, revision {happening.revision}"]


def _cost_line(cost: TurnCost) -> str:
    timing = cost.timing
    latency = "" if timing.latency_ms is None else f"{timing.latency_ms:.0f} ms after its speech; "
    busy = ", ".join(f"{engine} {busy_ms:.0f} ms" for engine, busy_ms in sorted(timing.busy_ms.items()))
    return f"{latency}{busy} busy of {cost.heard_ms:.0f} ms; {cost.dram_bytes / 1e6:.1f} MB; {cost.energy_mj:.1f} mJ"


def _words_line(told: TurnWords) -> str:
    who = f"cloud: {' '.join(told.words) or '(no words)'}" if told.by == "cloud" else f"own words: {told.why}"
    sent = f"{told.lattices} lattice{'' if told.lattices == 1 else 's'}"
    return (
        f"{who}  [{sent}, {told.uplink_bytes:,} bytes up, {told.downlink_bytes:,} down, waited {told.waited_ms:.0f} ms]"
    )


def _words_as_json(told: TurnWords) -> dict[str, object]:
    return {
        "words": list(told.words),
        "by": told.by,
        "why": told.why,
        "lattices": told.lattices,
        "uplink_bytes": told.uplink_bytes,
        "downlink_bytes": told.downlink_bytes,
        "waited_ms": round(told.waited_ms, 3),
    }


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not (host and colon and port.isascii() and port.isdecimal() and len(port) <= 5 and 1 <= int(port) <= 65_535):
        raise argparse.ArgumentTypeError(f"{text}: must be HOST:PORT, such as 127.0.0.1:8443")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _at(time_ms: int) -> str:
    return f"{time_ms / 1000:8.2f} s"


def _turn_as_json(turn: ConversationTurn) -> dict[str, object]:
    import msgspec

    stability = turn.stability
    return {
        "turn": turn.number,
        "start_ms": turn.start_ms,
        "end_ms": turn.end_ms,
        "opened_by": turn.opening.by,
        "reason": turn.reason,
        "transcript": turn.text,
        "words": [msgspec.to_builtins(word) for word in turn.words],
        "partials": [msgspec.to_builtins(partial) for partial in turn.partials],
        "end_points": [{"kind": end.kind, "time_ms": end.time_ms, "revision": end.revision} for end in turn.ends],
        "words_shown": stability.shown,
        "words_taken_back": stability.taken_back,
    }


def _cost_as_json(cost: TurnCost) -> dict[str, object]:
    return {
        "latency_ms": cost.timing.latency_ms,
        "busy_ms": dict(cost.timing.busy_ms),
        "dram_bytes": cost.dram_bytes,
        "energy_mj": cost.energy_mj,
    }
