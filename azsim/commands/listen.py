"""``azsim listen``: a microphone, or raw sound from standard input, turn by turn as it comes."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from azsim.commands.shared.options import count
from azsim.errors import InputError, readable
from azsim.interrupts import interrupts_end_all

if TYPE_CHECKING:
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
    command.add_argument("--beam", type=count, default=4, help="hypotheses of the search (default: 4; 1: greedy)")
    command.add_argument("--seed", type=int, default=1, help="of network jitter (default: 1)")
    command.add_argument("--no-wake", action="store_true", help="a turn begins with a voice, not with the wake word")
    command.add_argument("--no-partials", action="store_true", help="final words alone")


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
    experiment = experiment_of(
        Single(
            device=options.device,
            model=options.model,
            codec=options.codec,
            weight_bits=options.weight_bits,
            sparsity=options.sparsity,
            seed=options.seed,
            beam=options.beam,
        ),
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
    try:
        for happening in live.hear(blocks):
            if isinstance(happening, ConversationTurn):
                turns.append(_turn_as_json(happening))
            elif isinstance(happening, TurnCost):
                turns[-1] |= _cost_as_json(happening)
            if not options.json:
                for line in _lines(happening, not options.no_partials):
                    print(readable(line), flush=True)
    except KeyboardInterrupt:
        pass  # the way to end listening: what was heard stands
    load = live.load
    if not options.json:
        share = load.busy_s / load.sound_s if load.sound_s else 0.0
        print(f"{load.sound_s:.1f} s of sound, {len(turns)} turns, {share:.3f} of its time computed")
    return {"turns": turns, "sound_s": load.sound_s, "computed_s": load.busy_s}


def _lines(happening: Happening | TurnCost, with_partials: bool) -> list[str]:
    """What is printed of something that happened."""
    from azsim.compare.live import TurnCost
    from azsim.speech.conversation.conversation import ConversationTurn
    from azsim.speech.conversation.opening import Opening
    from azsim.speech.conversation.partials import Partial

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
